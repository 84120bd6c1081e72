/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>

/** What --color says. */
enum base_color { BASE_COLOR_AUTO, BASE_COLOR_ALWAYS, BASE_COLOR_NEVER };

/**
 * Whether text to this descriptor is coloured: "auto" on a terminal when NO_COLOR is unset or empty
 * (no-color.org) and TERM is not "dumb".
 */
bool base_terminal_color(int fd, enum base_color choice);
/** Columns of the terminal, or 100 when it is none. */
unsigned base_terminal_columns(int fd);
/** Columns that UTF-8 text takes when printed; control characters count 0. */
unsigned base_terminal_width(const char *text);

/**
 * One line on stderr that is rewritten in place, for long work. Does nothing when stderr is no
 * terminal. An empty text takes the line away; do that before other output.
 */
void base_terminal_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
