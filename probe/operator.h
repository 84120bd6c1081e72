/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_OPERATOR_H
#define PROBE_OPERATOR_H

#include "base/json.h"
#include "probe/facts.h"

#include <regex.h>

struct probe_operator;

/** An operator with its operand: `equals: "radv"`. */
struct probe_test {
	const struct probe_operator *op;
	/** Borrowed from the document. */
	const cJSON *operand;
	/** Of "matches": compiled. */
	regex_t pattern;
};

/**
 * The operators of a floor, one by one: its name, or NULL after the last. They are equals, one_of,
 * matches (POSIX extended regular expression), at_least, at_most, version_at_least, present,
 * absent.
 */
const char *probe_operator_name(size_t index);

/**
 * Reads the operator of an expectation, whose keys are known, and checks its operand against what
 * the fact is. Errors: JSON_INVALID (none or two operators, operand of a wrong type, bad
 * expression).
 */
bool probe_test_parse(const struct base_json *document, const cJSON *expectation,
	const struct probe_shape *fact, struct probe_test *test, struct lane_error *err);
void probe_test_finish(struct probe_test *test);

/** Whether the fact (NULL: there is none) passes. */
bool probe_test_holds(const struct probe_test *test, const cJSON *fact);
/** Whether a fact that is not there passes. */
bool probe_test_wants_absence(const struct probe_test *test);
/** Whether it accepts exactly this value. */
bool probe_test_equals_bool(const struct probe_test *test, bool value);
/** What it expects: "radv", "one of ...", "version 25.0 or newer". Caller frees. */
char *probe_test_describe(const struct probe_test *test);

/**
 * Compares dotted numbers from the first digit of each text on: "Mesa 25.0.7-2+deb13u1" is 25.0.7;
 * missing parts are 0. Negative, 0 or positive; without a digit a text is less than any version.
 */
int probe_version_compare(const char *left, const char *right);

/** A fact for people: text without quotes, otherwise JSON; "" for none. Caller frees. */
char *probe_value_text(const cJSON *value);

#endif
