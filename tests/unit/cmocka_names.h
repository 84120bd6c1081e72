/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CMOCKA_NAMES_H
#define TESTS_CMOCKA_NAMES_H

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** A test with a name that says the behaviour: NAMED("json@refuses-a-duplicate-key", function). */
#define NAMED(text, function)                                                                      \
	{                                                                                              \
		text, function, NULL, NULL, NULL                                                           \
	}
/** The same with fixtures. */
#define NAMED_WITH(text, function, setup, teardown)                                                \
	{                                                                                              \
		text, function, setup, teardown, NULL                                                      \
	}

#endif
