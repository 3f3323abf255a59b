/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cJSON builds the tree and checks the structure. It is lenient about tokens: it accepts control
 * characters as blanks, "01" and "1." as numbers, and truncates a string at \u0000. A scan of the
 * tokens therefore first rejects what RFC 8259 does not allow.
 */
#include "config/conf_inner.h"

#include <errno.h>
#include <stdlib.h>

#define NUMBER_MAX 63 /* characters of a number that cJSON reads */

struct scan {
	const char *start;
	const char *at;
	const char *end;
	const char *what; /* the fault at `at` */
};

size_t conf_utf8(const char *octets, size_t len)
{
	const uint8_t *p = (const uint8_t *)octets;
	size_t i = 0;

	while (i < len) {
		/* The range of the second octet excludes overlong forms, surrogates and code points
		 * above U+10FFFF. */
		uint8_t c = p[i], low = 0x80, high = 0xbf;
		size_t more;
		if (c < 0x80) {
			i++;
			continue;
		} else if (c >= 0xc2 && c <= 0xdf) {
			more = 1;
		} else if (c >= 0xe0 && c <= 0xef) {
			more = 2;
			low = c == 0xe0 ? 0xa0 : 0x80;
			high = c == 0xed ? 0x9f : 0xbf;
		} else if (c >= 0xf0 && c <= 0xf4) {
			more = 3;
			low = c == 0xf0 ? 0x90 : 0x80;
			high = c == 0xf4 ? 0x8f : 0xbf;
		} else {
			return i;
		}
		if (len - i <= more || p[i + 1] < low || p[i + 1] > high)
			return i;
		for (size_t k = 2; k <= more; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return i;
		i += 1 + more;
	}
	return len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_fail(struct scan *s, const char *at, const char *what)
{
	s->at = at;
	s->what = what;
	return false;
}

/* Scans an escape from its backslash; leaves `at` on its last octet. */
static bool scan_escape(struct scan *s)
{
	const char *p = s->at;
	bool zero = true;

	if (s->end - p < 2)
		return true; /* the caller reports the string that does not end */
	if (p[1] != 'u') {
		s->at++;
		return (p[1] && strchr("\"\\/bfnrt", p[1])) ||
		       scan_fail(s, p, "unknown escape in a string");
	}
	for (int i = 2; i < 6; i++) {
		if (s->end - p <= i || !is_hex(p[i]))
			return scan_fail(s, p, "\\u is followed by four hexadecimal digits");
		zero = zero && p[i] == '0';
	}
	s->at += 5;
	return !zero || scan_fail(s, p, "\\u0000 is not allowed");
}

static bool scan_string(struct scan *s)
{
	const char *open = s->at++;

	for (; s->at < s->end && *s->at != '"'; s->at++) {
		if ((uint8_t)*s->at < 0x20)
			return scan_fail(s, s->at, "raw control character in a string");
		if (*s->at == '\\' && !scan_escape(s))
			return false;
	}
	if (s->at >= s->end)
		return scan_fail(s, open, "this string does not end");
	s->at++;
	return true;
}

static bool scan_digits(struct scan *s)
{
	const char *from = s->at;
	while (s->at < s->end && is_digit(*s->at))
		s->at++;
	return s->at > from;
}

static bool scan_number(struct scan *s)
{
	const char *from = s->at;

	if (*s->at == '-')
		s->at++;
	bool ok = s->at < s->end;
	if (ok && *s->at == '0')
		s->at++;
	else
		ok = scan_digits(s);
	if (ok && s->at < s->end && *s->at == '.') {
		s->at++;
		ok = scan_digits(s);
	}
	if (ok && s->at < s->end && (*s->at | 32) == 'e') {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		ok = scan_digits(s);
	}
	if (!ok || (s->at < s->end && (is_digit(*s->at) || is_letter(*s->at) || *s->at == '.')))
		return scan_fail(s, from, "this is not a number as JSON writes it");
	if (s->at - from > NUMBER_MAX)
		return scan_fail(s, from, "this number has too many digits");
	return true;
}

static bool scan_word(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && (is_letter(*s->at) || is_digit(*s->at)))
		s->at++;
	size_t n = (size_t)(s->at - from);
	if ((n == 4 && memcmp(from, "true", 4) == 0) || (n == 5 && memcmp(from, "false", 5) == 0) ||
		(n == 4 && memcmp(from, "null", 4) == 0))
		return true;
	return scan_fail(
		s, from, "a string stands in double quotes; bare words are true, false, null");
}

static bool scan_token(struct scan *s)
{
	char c = *s->at;

	if (c == '"')
		return scan_string(s);
	if (c == '-' || is_digit(c))
		return scan_number(s);
	if (is_letter(c))
		return scan_word(s);
	if (c && strchr("{}[]:,", c)) {
		s->at++;
		return true;
	}
	if (c == '/' || c == '#')
		return scan_fail(s, s->at,
			"JSON has no comments; a member \"//\" with a string is one here");
	return scan_fail(s, s->at, (uint8_t)c < 0x20 ? "control character" : NULL);
}

/* UTF-8 is checked first, so that the other checks see characters. */
static bool scan_all(struct scan *s)
{
	size_t len = (size_t)(s->end - s->start), valid = conf_utf8(s->start, len);

	if (valid < len)
		return scan_fail(s, s->start + valid, "this is not UTF-8");
	for (;;) {
		while (s->at < s->end && is_blank(*s->at))
			s->at++;
		if (s->at == s->end)
			return true;
		if (!scan_token(s))
			return false;
	}
}

/*
 * Returns the position of an error. cJSON stops at the octet that does not fit, or, if a member's
 * name is missing, one octet after it: then the octet before is one that may not follow its token.
 */
static const char *error_position(const char *start, const char *stop)
{
	const char *at = stop - 1, *before = at - 1;

	if (stop - start < 2)
		return stop;
	while (before > start && is_blank(*before))
		before--;
	bool misplaced = strchr("}],:", *at) && strchr("{[,:", *before);
	bool pair = (*before == '{' && *at == '}') || (*before == '[' && *at == ']');
	bool nameless = *before == '{' && !strchr("\"}", *at) && !is_blank(*at);
	return (misplaced && !pair) || nameless ? at : stop;
}

/* Returns the comma before this bracket that makes it unexpected, or NULL. */
static const char *trailing_comma(const char *start, const char *at)
{
	if (*at != '}' && *at != ']')
		return NULL;
	while (--at > start && is_blank(*at))
		;
	return at > start && *at == ',' ? at : NULL;
}

/* Sets line, column and, unless the scan knows more, the unexpected character. */
static int fault_at(struct conf_fault *fault, const struct scan *s)
{
	struct text t = text_of(fault->what, sizeof(fault->what) - 1);
	const char *line = s->start, *at = s->at < s->end ? s->at : s->end;

	fault->line = 1;
	fault->column = 1;
	for (const char *p = s->start; p < at; p++)
		if (*p == '\n') {
			fault->line++;
			line = p + 1;
		}
	for (const char *p = line; p < at; p++)
		fault->column += (*p & 0xc0) != 0x80;
	if (s->what) {
		text_str(&t, s->what);
	} else if (at == s->end) {
		text_lit(&t, "the JSON document ends too early");
	} else {
		size_t n = 1;
		while (at + n < s->end && (at[n] & 0xc0) == 0x80)
			n++;
		text_lit(&t, "unexpected '");
		text_put(&t, at, n);
		text_lit(&t, "'");
	}
	*t.at = '\0';
	return -EINVAL;
}

/*
 * Parses the text with one more octet that fits nowhere: if cJSON stops there, the text ends too
 * early. Returns 0, -EINVAL with the position in *stop, -ENOMEM.
 */
static int parse(const char *octets, size_t len, cJSON **tree, size_t *stop)
{
	const char *end = NULL;
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, octets, len);
	copy[len] = '?';
	*tree = cJSON_ParseWithLengthOpts(copy, len + 1, &end, false);
	/* end is not set if cJSON could not even allocate the root. */
	if (end)
		*stop = (size_t)((*tree ? end : error_position(copy, end)) - copy);
	free(copy);
	return *tree ? 0 : end ? -EINVAL : -ENOMEM;
}

int conf_json(const char *octets, size_t len, cJSON **root, struct conf_fault *fault)
{
	cJSON *tree = NULL;
	size_t stop = 0;

	/* RFC 8259 section 8.1 lets a parser ignore a byte order mark. */
	if (len >= 3 && memcmp(octets, "\xef\xbb\xbf", 3) == 0) {
		octets += 3;
		len -= 3;
	}
	struct scan s = {.start = octets, .at = octets, .end = octets + len};
	*root = NULL;
	if (!scan_all(&s))
		return fault_at(fault, &s);
	int rc = parse(octets, len, &tree, &stop);
	if (rc == -ENOMEM)
		return rc;
	s.at = octets + stop;
	if (rc < 0) {
		/* The scan has accepted every other escape. */
		if (s.at < s.end && *s.at == '\\')
			s.what = "half of a surrogate pair";
		const char *comma = s.at < s.end ? trailing_comma(s.start, s.at) : NULL;
		if (comma) {
			s.what = *s.at == '}' ? "a comma before }" : "a comma before ]";
			s.at = comma;
		}
		return fault_at(fault, &s);
	}
	while (s.at < s.end && is_blank(*s.at))
		s.at++;
	if (s.at == s.end) {
		*root = tree;
		return 0;
	}
	cJSON_Delete(tree);
	s.what = "the JSON document has ended before this";
	return fault_at(fault, &s);
}
