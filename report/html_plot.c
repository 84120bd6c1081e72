/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html.h"

#include "report/markup.h"
#include "report/plain.h"

#include "base/memory.h"

#include <math.h>

/*
 * Plots as inline SVG. A figure may be anything that a file says: every coordinate goes through
 * place(), which keeps it on the paper.
 */

/* All drawings are as wide; heights are their own. */
enum { WIDTH = 720 };

/* From a value to a coordinate. */
struct scale {
	double low, high;
	double start, end;
};

static double place(const struct scale *scale, double value)
{
	double share = (value - scale->low) / (scale->high - scale->low);
	if (!(share > 0)) {
		share = 0;
	}
	return scale->start + (share < 1 ? share : 1) * (scale->end - scale->start);
}

static double figure(const cJSON *workload, const char *key)
{
	bool verified = base_json_bool(workload, "verified", false);
	return verified ? base_json_number(workload, key, NAN) : NAN;
}

static void open_svg(struct base_buffer *out, int height, const char *label)
{
	base_buffer_print(
		out, "<div class=\"scroll\"><svg viewBox=\"0 0 %d %d\" role=\"img\"", WIDTH, height);
	report_markup_attribute(out, "aria-label", label);
	base_buffer_add_text(out, ">\n");
}

static void close_svg(struct base_buffer *out)
{
	base_buffer_add_text(out, "</svg></div>\n");
}

static void add_line(
	struct base_buffer *out, const char *class, double x1, double y1, double x2, double y2)
{
	base_buffer_print(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		class, x1, y1, x2, y2);
}

static void add_rect(
	struct base_buffer *out, const char *class, double x1, double y1, double x2, double y2)
{
	base_buffer_print(out,
		"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", class,
		fmin(x1, x2), fmin(y1, y2), fabs(x2 - x1), fabs(y2 - y1));
}

static void add_text(struct base_buffer *out, const char *class, const char *anchor, double x,
	double y, const char *text)
{
	base_buffer_print(
		out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, anchor, x, y);
	report_markup_text(out, text);
	base_buffer_add_text(out, "</text>\n");
}

/* A step of 1, 2 or 5 times a power of ten that makes about so many of the range. */
static double nice_step(double range, int count)
{
	double raw = range / count;
	double power = pow(10, floor(log10(raw)));
	double share = raw / power;
	return (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10) * power;
}

/* The names column of an overview: as much as fits. */
static void add_name(struct base_buffer *out, const cJSON *workload, double x, double y)
{
	enum { NAME_BYTES = 22 };
	BASE_BUFFER_AUTO name = BASE_BUFFER_INIT;
	report_plain_add(&name, base_json_string(workload, "name", "?"), true);
	report_plain_cut(&name, 0, NAME_BYTES);
	add_text(out, "name", "end", x, y, name.data ? name.data : "");
}

enum { ROW = 28, NAMES_END = 150, STRIPS_START = 165, STRIPS_END = 580, VALUES_START = 595 };

static bool is_shown(const cJSON *workload)
{
	return figure(workload, "median") > 0 && figure(workload, "q1") > 0;
}

/* The largest deviation from a median that is shown, as a share. */
static double reach_of(const cJSON *workloads)
{
	double reach = 0.01;
	const cJSON *workload;
	cJSON_ArrayForEach(workload, workloads)
	{
		if (is_shown(workload)) {
			double median = figure(workload, "median");
			reach = fmax(reach, fabs(figure(workload, "min") / median - 1));
			reach = fmax(reach, fabs(figure(workload, "max") / median - 1));
		}
	}
	return fmin(reach, 0.5);
}

static void add_strip(
	struct base_buffer *out, const struct scale *scale, const cJSON *workload, double y)
{
	double median = figure(workload, "median");
	double least = figure(workload, "min") / median - 1;
	double most = figure(workload, "max") / median - 1;
	double low = place(scale, least);
	double high = place(scale, most);
	add_line(out, "whisker", low, y, high, y);
	if (least < scale->low) {
		add_text(out, "beyond", "end", low, y + 5, "‹");
	} else {
		add_line(out, "whisker", low, y - 4, low, y + 4);
	}
	if (most > scale->high) {
		add_text(out, "beyond", "start", high, y + 5, "›");
	} else {
		add_line(out, "whisker", high, y - 4, high, y + 4);
	}
	add_rect(out, "box", place(scale, figure(workload, "q1") / median - 1), y - 7,
		place(scale, figure(workload, "q3") / median - 1), y + 7);
	add_line(out, "median", place(scale, 0), y - 9, place(scale, 0), y + 9);
}

void report_html_overview(const cJSON *workloads, struct base_buffer *out)
{
	int rows = 0;
	const cJSON *workload;
	cJSON_ArrayForEach(workload, workloads)
	{
		rows += is_shown(workload);
	}
	if (rows == 0) {
		return;
	}
	double reach = reach_of(workloads);
	struct scale scale = {-reach, reach, STRIPS_START, STRIPS_END};
	open_svg(out, rows * ROW + 30, "Spread of each workload around its median");
	double step = nice_step(2 * reach, 6);
	int ticks = (int)floor(reach / step * 1.0001);
	for (int i = -ticks; i <= ticks; i++) {
		double x = place(&scale, i * step);
		add_line(out, i == 0 ? "axis zero" : "axis", x, 4, x, rows * ROW + 6);
		BASE_FREE char *label =
			i == 0 ? base_strdup("median") : base_format("%+.3g %%", 100 * i * step);
		add_text(out, "tick", "middle", x, rows * ROW + 24, label);
	}
	double y = ROW / 2.0 + 4;
	cJSON_ArrayForEach(workload, workloads)
	{
		if (is_shown(workload)) {
			BASE_BUFFER_AUTO median = BASE_BUFFER_INIT;
			report_figure_add(&median, figure(workload, "median"));
			base_buffer_print(&median, " %s", base_json_string(workload, "unit", ""));
			add_name(out, workload, NAMES_END, y + 4);
			add_strip(out, &scale, workload, y);
			add_text(out, "name", "start", VALUES_START, y + 4, median.data);
			y += ROW;
		}
	}
	close_svg(out);
}

/* Nothing is a million times as fast, or a millionth. */
enum { POWER_MAX = 6 };

void report_html_speedups(const cJSON *workloads, struct base_buffer *out)
{
	int rows = 0;
	/* Powers of ten. */
	int low = 0;
	int high = 1;
	const cJSON *workload;
	cJSON_ArrayForEach(workload, workloads)
	{
		double speedup = figure(workload, "cpu_speedup");
		if (speedup > 0) {
			rows++;
			int power = (int)floor(log10(speedup));
			low = power < low ? power : low;
			high = power >= high ? power + 1 : high;
		}
	}
	if (rows == 0) {
		return;
	}
	low = low < -POWER_MAX ? -POWER_MAX : low;
	high = high > POWER_MAX ? POWER_MAX : high;
	struct scale scale = {low, high, STRIPS_START, STRIPS_END};
	open_svg(out, rows * ROW + 30, "Speed of each workload against the CPU");
	for (int power = low; power <= high; power++) {
		double x = place(&scale, power);
		add_line(out, power == 0 ? "axis zero" : "axis", x, 4, x, rows * ROW + 6);
		BASE_FREE char *label = base_format("%gx", pow(10, power));
		add_text(out, "tick", "middle", x, rows * ROW + 24, label);
	}
	double y = ROW / 2.0 + 4;
	cJSON_ArrayForEach(workload, workloads)
	{
		double speedup = figure(workload, "cpu_speedup");
		if (speedup > 0) {
			BASE_FREE char *value = base_format("%.*fx",
				speedup < 9.995       ? 2
					: speedup < 99.95 ? 1
									  : 0,
				speedup);
			add_name(out, workload, NAMES_END, y + 4);
			add_rect(out, "bar", place(&scale, 0), y - 7, place(&scale, log10(speedup)), y + 7);
			add_text(out, "name", "start", VALUES_START, y + 4, value);
			y += ROW;
		}
	}
	close_svg(out);
}

/* The drawing of one workload's samples: over time, their distribution, their box. */
enum {
	TOP = 10,
	BOTTOM = 150,
	TIME_START = 70,
	TIME_END = 530,
	BINS_START = 545,
	BINS_END = 645,
	BOX_START = 665,
	BOX_END = 700,
	SAMPLES_HEIGHT = 178,
	BINS = 20,
	/* More are drawn as the range of each column. */
	DOTS_MAX = 500,
};

static void add_value_axis(struct base_buffer *out, const struct scale *y)
{
	double step = nice_step(y->high - y->low, 4);
	if (!(step > 0) || !isfinite(step)) {
		return;
	}
	double first = ceil(y->low / step);
	for (int i = 0; i < 12 && (first + i) * step <= y->high; i++) {
		double value = (first + i) * step;
		/* A round number: the digits of a figure would only repeat zeros. */
		BASE_FREE char *label = base_format("%.6g", fabs(value) < step / 2 ? 0 : value);
		add_line(out, "axis", TIME_START, place(y, value), BOX_END, place(y, value));
		add_text(out, "tick", "end", TIME_START - 8, place(y, value) + 4, label);
	}
}

/* Every sample as a dot on a faint line. */
static void add_dots(
	struct base_buffer *out, const cJSON *samples, const struct scale *x, const struct scale *y)
{
	base_buffer_add_text(out, "<polyline class=\"line\" points=\"");
	int index = 0;
	const cJSON *sample;
	cJSON_ArrayForEach(sample, samples)
	{
		base_buffer_print(out, "%.1f,%.1f ", place(x, index++), place(y, sample->valuedouble));
	}
	base_buffer_add_text(out, "\"/>\n");
	index = 0;
	cJSON_ArrayForEach(sample, samples)
	{
		base_buffer_print(out, "<circle class=\"dot\" r=\"2.2\" cx=\"%.1f\" cy=\"%.1f\"/>\n",
			place(x, index++), place(y, sample->valuedouble));
	}
}

/* From the least to the greatest sample of each column. */
static void add_ranges(
	struct base_buffer *out, const cJSON *samples, const struct scale *x, const struct scale *y)
{
	int index = 0;
	double low = INFINITY;
	double high = -INFINITY;
	const cJSON *sample;
	cJSON_ArrayForEach(sample, samples)
	{
		low = fmin(low, sample->valuedouble);
		high = fmax(high, sample->valuedouble);
		double at = place(x, index++);
		if (!sample->next || floor(place(x, index)) > floor(at)) {
			add_line(
				out, "whisker", floor(at), place(y, low) + 0.5, floor(at), place(y, high) - 0.5);
			low = INFINITY;
			high = -INFINITY;
		}
	}
}

static void add_bins(struct base_buffer *out, const cJSON *samples, const struct scale *y)
{
	unsigned counts[BINS] = {0};
	unsigned most = 1;
	const cJSON *sample;
	cJSON_ArrayForEach(sample, samples)
	{
		double share = (BOTTOM - place(y, sample->valuedouble)) / (BOTTOM - TOP);
		int bin = (int)(share * BINS);
		bin = bin < BINS ? bin : BINS - 1;
		counts[bin]++;
		most = counts[bin] > most ? counts[bin] : most;
	}
	double height = (double)(BOTTOM - TOP) / BINS;
	for (int bin = 0; bin < BINS; bin++) {
		double length = (double)counts[bin] / most * (BINS_END - BINS_START);
		double low = BOTTOM - bin * height;
		if (counts[bin] > 0) {
			add_rect(out, "bar", BINS_START, low - 0.5, BINS_START + length, low - height + 0.5);
		}
	}
}

static void add_box(struct base_buffer *out, const cJSON *workload, const struct scale *y)
{
	double middle = (BOX_START + BOX_END) / 2.0;
	double low = place(y, figure(workload, "min"));
	double high = place(y, figure(workload, "max"));
	double median = place(y, figure(workload, "median"));
	add_line(out, "whisker", middle, low, middle, high);
	add_line(out, "whisker", middle - 8, low, middle + 8, low);
	add_line(out, "whisker", middle - 8, high, middle + 8, high);
	add_rect(out, "box", BOX_START, place(y, figure(workload, "q1")), BOX_END,
		place(y, figure(workload, "q3")));
	add_line(out, "median", BOX_START, median, BOX_END, median);
}

void report_html_samples(const cJSON *workload, struct base_buffer *out)
{
	const cJSON *samples = base_json_get(workload, "samples");
	int count = cJSON_GetArraySize(samples);
	double low = figure(workload, "min");
	double high = figure(workload, "max");
	if (count == 0 || !isfinite(low) || !isfinite(high)) {
		return;
	}
	double margin = fmax(0.08 * (high - low), 1e-3 * fabs(high));
	struct scale y = {low - margin, high + margin, BOTTOM, TOP};
	struct scale x = {0, count > 1 ? count - 1 : 1, TIME_START + 6, TIME_END - 6};
	BASE_FREE char *label =
		base_format("%d samples of %s", count, base_json_string(workload, "name", "?"));
	open_svg(out, SAMPLES_HEIGHT, label);
	add_rect(out, "band", TIME_START, place(&y, figure(workload, "q1")), TIME_END,
		place(&y, figure(workload, "q3")));
	add_value_axis(out, &y);
	double median = place(&y, figure(workload, "median"));
	add_line(out, "median", TIME_START, median, TIME_END, median);
	if (count <= DOTS_MAX) {
		add_dots(out, samples, &x, &y);
	} else {
		add_ranges(out, samples, &x, &y);
	}
	add_bins(out, samples, &y);
	add_box(out, workload, &y);
	BASE_FREE char *last = base_format("sample %d", count);
	add_text(out, "tick", "start", TIME_START, BOTTOM + 22, "sample 1");
	BASE_FREE char *unit = base_format("%s over time", base_json_string(workload, "unit", ""));
	add_text(out, "tick", "middle", (TIME_START + TIME_END) / 2.0, BOTTOM + 22, unit);
	add_text(out, "tick", "end", TIME_END, BOTTOM + 22, last);
	add_text(out, "tick", "start", BINS_START, BOTTOM + 22, "distribution");
	add_text(out, "tick", "middle", (BOX_START + BOX_END) / 2.0, BOTTOM + 22, "box");
	close_svg(out);
}
