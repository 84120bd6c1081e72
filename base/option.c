/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include "base/buffer.h"
#include "base/exit.h"
#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct base_option option_own[] = {
	{.id = 1, .name = "help", .letter = 'h', .help = "print this help"},
	{.id = 2, .name = "version", .help = "print the version"},
};
enum { OPTION_OWN_COUNT = sizeof(option_own) / sizeof(option_own[0]) };

/* Column at which the texts of the options begin. */
enum { OPTION_TEXT_COLUMN = 28 };

/* Prints words from column `column` on, breaking lines before `width` and indenting them there. */
static void option_print_wrapped(const char *text, unsigned column, unsigned width)
{
	unsigned at = column;
	while (*text) {
		size_t word = strcspn(text, " ");
		if (at > column && at + 1 + word > width) {
			printf("\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)word, text);
		at += (unsigned)word;
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void option_print(const struct base_option *option, unsigned width)
{
	if (!option->help) {
		return;
	}
	char letter[8] = "    ";
	if (option->letter) {
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	}
	int used = printf("  %s--%s%s%s", letter, option->name, option->value ? " " : "",
		option->value ? option->value : "");
	if (used + 1 >= OPTION_TEXT_COLUMN) {
		putchar('\n');
		used = 0;
	}
	printf("%*s", OPTION_TEXT_COLUMN - used, "");
	option_print_wrapped(option->help, OPTION_TEXT_COLUMN, width);
}

static void option_print_help(const struct base_command *command)
{
	unsigned width = base_terminal_columns(STDOUT_FILENO);
	width = width > 100 ? 100 : width < 60 ? 60 : width;
	const char *usage = command->usage;
	for (const char *lead = "usage: "; *usage; lead = "       ") {
		size_t line = strcspn(usage, "\n");
		printf("%s%.*s\n", lead, (int)line, usage);
		usage += line + (usage[line] == '\n');
	}
	putchar('\n');
	option_print_wrapped(command->summary, 0, width);
	printf("\noptions:\n");
	for (size_t i = 0; i < command->option_count; i++) {
		option_print(&command->options[i], width);
	}
	for (size_t i = 0; i < OPTION_OWN_COUNT; i++) {
		option_print(&option_own[i], width);
	}
	if (command->epilogue) {
		printf("\n%s\n", command->epilogue);
	}
}

static int option_answer_own(const struct base_command *command, const struct base_option *option)
{
	if (option->id == 1) {
		option_print_help(command);
	} else {
		printf("%s %s\n", command->program, LANE_VERSION);
	}
	return BASE_OPTION_DONE;
}

/* Matches by name, or by letter when there is none. */
static const struct base_option *option_find(
	const struct base_option *options, size_t count, char letter, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (name == NULL ? options[i].letter == letter
						 : strlen(options[i].name) == length &&
					strncmp(options[i].name, name, length) == 0) {
			return &options[i];
		}
	}
	return NULL;
}

void base_option_start(
	struct base_option_scan *scan, const struct base_command *command, int argc, char **argv)
{
	*scan = (struct base_option_scan){
		.command = command, .argc = argc, .argv = argv, .next = 1, .name = ""};
}

/* Takes the value of an option: what is attached to it, else the next argument. */
static int option_take(struct base_option_scan *scan, const struct base_option *option,
	const char *attached, struct lane_error *err)
{
	scan->value = NULL;
	if (option->value) {
		scan->value = attached;
		if (!attached && scan->next < scan->argc) {
			scan->value = scan->argv[scan->next++];
		}
		if (!scan->value) {
			lane_error_set(
				err, "USAGE", "option --%s needs a value (%s)", option->name, option->value);
			return BASE_OPTION_ERROR;
		}
	} else if (attached) {
		lane_error_set(err, "USAGE", "option --%s takes no value", option->name);
		return BASE_OPTION_ERROR;
	}
	scan->name = option->name;
	return option->id;
}

static int option_long(struct base_option_scan *scan, const char *text, struct lane_error *err)
{
	const struct base_command *command = scan->command;
	size_t length = strcspn(text, "=");
	const char *attached = text[length] == '=' ? text + length + 1 : NULL;
	const struct base_option *option = option_find(option_own, OPTION_OWN_COUNT, 0, text, length);
	if (option && !attached) {
		return option_answer_own(command, option);
	}
	option = option_find(command->options, command->option_count, 0, text, length);
	if (!option) {
		lane_error_set(err, "USAGE", "unknown option --%.*s", (int)length, text);
		return BASE_OPTION_ERROR;
	}
	return option_take(scan, option, attached, err);
}

static int option_short(struct base_option_scan *scan, const char *argument, struct lane_error *err)
{
	const struct base_command *command = scan->command;
	char letter = argument[scan->cluster];
	const struct base_option *option = option_find(option_own, OPTION_OWN_COUNT, letter, NULL, 0);
	if (option) {
		return option_answer_own(command, option);
	}
	option = option_find(command->options, command->option_count, letter, NULL, 0);
	if (!option) {
		lane_error_set(err, "USAGE", "unknown option -%c", letter);
		return BASE_OPTION_ERROR;
	}
	const char *rest = argument + scan->cluster + 1;
	if (option->value || !*rest) {
		scan->next++;
		scan->cluster = 0;
		return option_take(scan, option, option->value && *rest ? rest : NULL, err);
	}
	scan->cluster++;
	return option_take(scan, option, NULL, err);
}

int base_option_next(struct base_option_scan *scan, struct lane_error *err)
{
	if (scan->next >= scan->argc) {
		return BASE_OPTION_END;
	}
	const char *argument = scan->argv[scan->next];
	if (scan->cluster) {
		return option_short(scan, argument, err);
	}
	if (!scan->operands_only && strcmp(argument, "--") == 0) {
		scan->operands_only = true;
		scan->next++;
		return base_option_next(scan, err);
	}
	if (scan->operands_only || argument[0] != '-' || argument[1] == '\0') {
		scan->next++;
		scan->value = argument;
		return BASE_OPTION_OPERAND;
	}
	if (argument[1] == '-') {
		scan->next++;
		return option_long(scan, argument + 2, err);
	}
	scan->cluster = 1;
	return option_short(scan, argument, err);
}

bool base_option_uint(const struct base_option_scan *scan, uint64_t min, uint64_t max,
	uint64_t *value, struct lane_error *err)
{
	const char *text = scan->value;
	char *end = NULL;
	errno = 0;
	/* strtoull takes a sign and white space; a number here is digits. */
	unsigned long long parsed = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || parsed < min || parsed > max) {
		return lane_error_set(err, "USAGE",
			"option --%s wants a whole number in %llu..%llu, not \"%s\"", scan->name,
			(unsigned long long)min, (unsigned long long)max, text);
	}
	*value = parsed;
	return true;
}

bool base_option_choice(const struct base_option_scan *scan, const char *const *words, size_t count,
	size_t *index, struct lane_error *err)
{
	BASE_BUFFER_AUTO list = BASE_BUFFER_INIT;
	for (*index = 0; *index < count; (*index)++) {
		if (strcmp(words[*index], scan->value) == 0) {
			return true;
		}
		const char *before = *index == 0 ? "" : *index + 1 < count ? ", " : " or ";
		base_buffer_print(&list, "%s%s", before, words[*index]);
	}
	return lane_error_set(
		err, "USAGE", "option --%s wants %s, not \"%s\"", scan->name, list.data, scan->value);
}

bool base_option_color(
	const struct base_option_scan *scan, enum base_color *color, struct lane_error *err)
{
	static const char *const words[] = {"auto", "always", "never"};
	size_t index;
	bool good = base_option_choice(scan, words, sizeof(words) / sizeof(words[0]), &index, err);
	*color = (enum base_color)index;
	return good;
}

int base_option_refuse(const struct base_command *command, const struct lane_error *err)
{
	fprintf(stderr, "%s: %s (see %s --help)\n", command->program, lane_error_message(err),
		command->program);
	return LANE_EXIT_USAGE;
}
