/* SPDX-License-Identifier: Apache-2.0 */
#include "report/document.h"
#include "report/page.h"

#include "base/memory.h"
#include "report/plain.h"

/*
 * The table of workloads on a page: columns as wide as their widest cell. Where the lines would be
 * longer than the page, columns that can be spared are left out; the JSON form has them all.
 */

enum {
	COLUMN_GAP = 2,
	/* Names come from files; one of them must not push the figures off the screen. */
	CELL_BYTES_MAX = 40,
};

struct table {
	const struct report_column *columns[REPORT_COLUMNS_MAX];
	unsigned widths[REPORT_COLUMNS_MAX];
	bool hidden[REPORT_COLUMNS_MAX];
	size_t width, height;
	/** Row by row, the titles first. */
	struct base_buffer *cells;
};

static struct base_buffer *cell_at(const struct table *table, size_t x, size_t y)
{
	return &table->cells[y * table->width + x];
}

static void fill_row(struct report_page *page, struct table *table, size_t y, const cJSON *workload)
{
	for (size_t x = 0; x < table->width; x++) {
		struct base_buffer *cell = cell_at(table, x, y);
		*cell = (struct base_buffer)BASE_BUFFER_INIT;
		if (workload) {
			table->columns[x]->cell(workload, cell);
		} else {
			base_buffer_add_text(cell, table->columns[x]->title);
		}
		base_buffer_add_text(cell, "");
		report_plain_cut(cell, 0, CELL_BYTES_MAX);
		unsigned width = report_page_width(page, cell->data);
		table->widths[x] = width > table->widths[x] ? width : table->widths[x];
	}
}

/* Takes out the column that is missed least. False when all that are left are needed. */
static bool spare_column(struct table *table)
{
	size_t out = table->width;
	unsigned most = 0;
	for (size_t x = 0; x < table->width; x++) {
		if (!table->hidden[x] && table->columns[x]->spare > most) {
			most = table->columns[x]->spare;
			out = x;
		}
	}
	if (out < table->width) {
		table->hidden[out] = true;
	}
	return out < table->width;
}

static void fit(const struct report_page *page, struct table *table)
{
	unsigned total;
	do {
		total = 0;
		for (size_t x = 0; x < table->width; x++) {
			total += table->hidden[x] ? 0 : COLUMN_GAP + table->widths[x];
		}
	} while (total > page->style->columns && spare_column(table));
}

static void print_row(
	struct report_page *page, const struct table *table, size_t y, enum report_ink ink)
{
	for (size_t x = 0; x < table->width; x++) {
		if (table->hidden[x]) {
			continue;
		}
		const char *words = cell_at(table, x, y)->data;
		unsigned padding = table->widths[x] - report_page_width(page, words);
		bool right = table->columns[x]->right;
		bool last = x + 1 == table->width;
		report_page_space(page, COLUMN_GAP + (right ? padding : 0));
		report_page_add(page, last && ink == REPORT_INK_NONE ? REPORT_INK_GOOD : ink, words);
		report_page_space(page, right || last ? 0 : padding);
	}
	base_buffer_add_text(page->out, "\n");
}

/* Under a workload that is not verified: what is wrong with it. */
static void print_wrong(struct report_page *page, const cJSON *workload)
{
	enum { INDENT = 2 * COLUMN_GAP };
	BASE_BUFFER_AUTO words = BASE_BUFFER_INIT;
	report_words_wrong(workload, &words);
	if (words.size > 0) {
		report_page_space(page, INDENT);
		report_page_wrap(page, REPORT_INK_NONE, words.data, INDENT);
	}
}

void report_table_add(struct report_page *page, const cJSON *workloads)
{
	struct table table = {.height = 1 + (size_t)cJSON_GetArraySize(workloads)};
	table.width = report_workload_columns(workloads, table.columns);
	table.cells = base_alloc(table.width * table.height, sizeof(*table.cells));
	fill_row(page, &table, 0, NULL);
	size_t y = 1;
	const cJSON *workload;
	cJSON_ArrayForEach(workload, workloads)
	{
		fill_row(page, &table, y++, workload);
	}
	fit(page, &table);
	print_row(page, &table, 0, REPORT_INK_DIM);
	y = 1;
	cJSON_ArrayForEach(workload, workloads)
	{
		bool verified = base_json_bool(workload, "verified", false);
		print_row(page, &table, y++, verified ? REPORT_INK_NONE : REPORT_INK_BAD);
		print_wrong(page, workload);
	}
	for (size_t i = 0; i < table.width * table.height; i++) {
		base_buffer_finish(&table.cells[i]);
	}
	base_cleanup_free(&table.cells);
}
