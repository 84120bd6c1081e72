/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/** How much goes to stderr; -q and -v of the commands move it. */
enum base_log_level { BASE_LOG_ERROR, BASE_LOG_WARNING, BASE_LOG_INFO, BASE_LOG_DEBUG };

/** Set once in main, before anything is logged. `program` is borrowed. */
void base_log_setup(const char *program, enum base_log_level level);

/** One line "program: level: text" to stderr in a single write. Control characters become '?'. */
void base_log(enum base_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
