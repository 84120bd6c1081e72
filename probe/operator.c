/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/operator.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION_PARTS = 8 };

struct probe_operator {
	const char *name;
	/** Before the operand, or in its place, behind "expected". */
	const char *words;
	/** Types of facts that it can be asked of. */
	unsigned fact_types;
	/** Types of its operand; 0: that of the fact. */
	unsigned operand_types;
	bool (*holds)(const struct probe_test *test, const cJSON *fact);
};

static bool same_value(const cJSON *left, const cJSON *right)
{
	return cJSON_Compare(left, right, true);
}

static bool holds_equals(const struct probe_test *test, const cJSON *fact)
{
	return same_value(fact, test->operand);
}

static bool holds_one_of(const struct probe_test *test, const cJSON *fact)
{
	const cJSON *value;
	cJSON_ArrayForEach(value, test->operand)
	{
		if (same_value(fact, value)) {
			return true;
		}
	}
	return false;
}

static bool holds_matches(const struct probe_test *test, const cJSON *fact)
{
	return cJSON_IsString(fact) && regexec(&test->pattern, fact->valuestring, 0, NULL, 0) == 0;
}

static bool holds_at_least(const struct probe_test *test, const cJSON *fact)
{
	return cJSON_IsNumber(fact) && fact->valuedouble >= test->operand->valuedouble;
}

static bool holds_at_most(const struct probe_test *test, const cJSON *fact)
{
	return cJSON_IsNumber(fact) && fact->valuedouble <= test->operand->valuedouble;
}

static bool holds_version(const struct probe_test *test, const cJSON *fact)
{
	return cJSON_IsString(fact) &&
		probe_version_compare(fact->valuestring, test->operand->valuestring) >= 0;
}

static bool holds_present(const struct probe_test *test, const cJSON *fact)
{
	(void)test;
	return fact != NULL;
}

static bool holds_absent(const struct probe_test *test, const cJSON *fact)
{
	(void)test;
	return fact == NULL;
}

#define SCALAR (BASE_JSON_STRING | BASE_JSON_BOOL | BASE_JSON_INTEGER | BASE_JSON_NUMBER)
#define NUMERIC (BASE_JSON_INTEGER | BASE_JSON_NUMBER)

static const struct probe_operator operators[] = {
	{"equals", "", SCALAR, 0, holds_equals},
	{"one_of", "one of ", SCALAR, BASE_JSON_ARRAY, holds_one_of},
	{"matches", "a match of ", BASE_JSON_STRING, BASE_JSON_STRING, holds_matches},
	{"at_least", "at least ", NUMERIC, BASE_JSON_NUMBER, holds_at_least},
	{"at_most", "at most ", NUMERIC, BASE_JSON_NUMBER, holds_at_most},
	{"version_at_least", "version ", BASE_JSON_STRING, BASE_JSON_STRING, holds_version},
	{"present", "anything", BASE_JSON_ANY, BASE_JSON_BOOL, holds_present},
	{"absent", "nothing", BASE_JSON_ANY, BASE_JSON_BOOL, holds_absent},
};

#define OPERATOR_COUNT (sizeof(operators) / sizeof(operators[0]))

const char *probe_operator_name(size_t index)
{
	return index < OPERATOR_COUNT ? operators[index].name : NULL;
}

/* Whether a value is of one of the types (a whole number is a number). */
static bool is_type(const cJSON *value, unsigned types)
{
	return (cJSON_IsString(value) && types & BASE_JSON_STRING) ||
		(cJSON_IsBool(value) && types & BASE_JSON_BOOL) ||
		(cJSON_IsNumber(value) && types & NUMERIC) ||
		(cJSON_IsArray(value) && types & BASE_JSON_ARRAY);
}

static bool check_elements(const struct base_json *document, const cJSON *operand,
	const struct probe_shape *fact, struct lane_error *err)
{
	const cJSON *value;
	cJSON_ArrayForEach(value, operand)
	{
		if (!is_type(value, fact->types)) {
			return base_json_error(document, value, err, "one_of: not what the fact is");
		}
	}
	return operand->child != NULL || base_json_error(document, operand, err, "one_of is empty");
}

static bool compile(
	const struct base_json *document, struct probe_test *test, struct lane_error *err)
{
	int failure = regcomp(&test->pattern, test->operand->valuestring, REG_EXTENDED | REG_NOSUB);
	if (failure == 0) {
		return true;
	}
	char reason[128];
	regerror(failure, &test->pattern, reason, sizeof(reason));
	base_json_error(document, test->operand, err, "matches: %s", reason);
	/* Nothing was compiled that could be freed. */
	test->op = NULL;
	return false;
}

static bool check_operand(const struct base_json *document, struct probe_test *test,
	const struct probe_shape *fact, struct lane_error *err)
{
	const struct probe_operator *op = test->op;
	const cJSON *operand = test->operand;
	if (!(fact->types & op->fact_types)) {
		return base_json_error(document, operand, err, "%s cannot be asked of this fact", op->name);
	}
	if (!is_type(operand, op->operand_types ? op->operand_types : fact->types)) {
		return base_json_error(document, operand, err, "%s: operand of a wrong type", op->name);
	}
	if (op->operand_types == BASE_JSON_BOOL && !cJSON_IsTrue(operand)) {
		return base_json_error(document, operand, err, "%s must be true", op->name);
	}
	if (op->holds == holds_one_of) {
		return check_elements(document, operand, fact, err);
	}
	if (op->holds == holds_version && !strpbrk(operand->valuestring, "0123456789")) {
		return base_json_error(document, operand, err, "%s: not a version", op->name);
	}
	return op->holds != holds_matches || compile(document, test, err);
}

bool probe_test_parse(const struct base_json *document, const cJSON *expectation,
	const struct probe_shape *fact, struct probe_test *test, struct lane_error *err)
{
	*test = (struct probe_test){.op = NULL};
	for (size_t i = 0; i < OPERATOR_COUNT; i++) {
		const cJSON *operand = base_json_get(expectation, operators[i].name);
		if (operand && test->op) {
			return base_json_error(document, operand, err, "two operators: %s and %s",
				test->op->name, operators[i].name);
		}
		if (operand) {
			test->op = &operators[i];
			test->operand = operand;
		}
	}
	if (!test->op) {
		return base_json_error(document, expectation, err, "no operator");
	}
	return check_operand(document, test, fact, err);
}

void probe_test_finish(struct probe_test *test)
{
	if (test->op && test->op->holds == holds_matches) {
		regfree(&test->pattern);
	}
	test->op = NULL;
}

bool probe_test_holds(const struct probe_test *test, const cJSON *fact)
{
	return test->op->holds(test, fact);
}

bool probe_test_wants_absence(const struct probe_test *test)
{
	return test->op->holds == holds_absent;
}

bool probe_test_equals_bool(const struct probe_test *test, bool value)
{
	return test->op->holds == holds_equals && cJSON_IsBool(test->operand) &&
		cJSON_IsTrue(test->operand) == (cJSON_bool)value;
}

char *probe_test_describe(const struct probe_test *test)
{
	if (test->op->operand_types == BASE_JSON_BOOL) {
		return base_strdup(test->op->words);
	}
	BASE_FREE char *operand = probe_value_text(test->operand);
	return base_format(
		"%s%s%s", test->op->words, operand, test->op->holds == holds_version ? " or newer" : "");
}

char *probe_value_text(const cJSON *value)
{
	struct base_buffer text = BASE_BUFFER_INIT;
	if (cJSON_IsString(value)) {
		return base_strdup(value->valuestring);
	}
	if (cJSON_IsArray(value)) {
		const cJSON *element;
		cJSON_ArrayForEach(element, value)
		{
			BASE_FREE char *one = probe_value_text(element);
			base_buffer_print(&text, "%s%s", text.size ? ", " : "", one);
		}
	} else if (value) {
		base_json_write(value, 0, &text);
	}
	return base_buffer_steal(&text);
}

/* Numbers between dots from the first digit on. Returns how many there were. */
static size_t version_parts(const char *text, unsigned long parts[VERSION_PARTS])
{
	size_t count = 0;
	memset(parts, 0, VERSION_PARTS * sizeof(*parts));
	text += strcspn(text, "0123456789");
	while (count < VERSION_PARTS && *text >= '0' && *text <= '9') {
		char *end;
		parts[count++] = strtoul(text, &end, 10);
		text = *end == '.' ? end + 1 : "";
	}
	return count;
}

int probe_version_compare(const char *left, const char *right)
{
	unsigned long a[VERSION_PARTS];
	unsigned long b[VERSION_PARTS];
	bool left_any = version_parts(left, a) > 0;
	bool right_any = version_parts(right, b) > 0;
	if (left_any != right_any) {
		return left_any ? 1 : -1;
	}
	for (size_t i = 0; i < VERSION_PARTS; i++) {
		if (a[i] != b[i]) {
			return a[i] < b[i] ? -1 : 1;
		}
	}
	return 0;
}
