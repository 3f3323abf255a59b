/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/when.h"

/* Converts days since 1970-01-01 to a date of the proleptic Gregorian calendar. */
static void civil_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	days += 719468; /* since 0000-03-01, so that the leap day is the last of a year */
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	unsigned doe = (unsigned)(days - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (int64_t)yoe + era * 400 + (*month <= 2);
}

static void fill(struct when *w, int64_t second)
{
	int64_t year, days = second / 86400;
	unsigned month, day;
	int64_t rest = second % 86400;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	civil_of(days, &year, &month, &day);
	if (year > 9999 || year < 0) {
		memcpy(w->text, "9999-12-31T23:59:59.", sizeof(w->text));
	} else {
		memcpy(w->text, "0000-00-00T00:00:00.", sizeof(w->text));
		text_digits_at(w->text, (uint64_t)year, 4);
		text_digits_at(w->text + 5, month, 2);
		text_digits_at(w->text + 8, day, 2);
		text_digits_at(w->text + 11, (uint64_t)rest / 3600, 2);
		text_digits_at(w->text + 14, (uint64_t)rest / 60 % 60, 2);
		text_digits_at(w->text + 17, (uint64_t)rest % 60, 2);
	}
	/* The earliest second begins before the range of 64 bits: it is not cached. */
	w->filled = !__builtin_mul_overflow(second, WHEN_NS_PER_S, &w->second_ns);
}

char *when_text_at(struct when *w, char *at, int64_t ns)
{
	uint64_t rest = (uint64_t)ns - (uint64_t)w->second_ns;

	if (bits_unlikely(!w->filled || ns < w->second_ns || rest >= WHEN_NS_PER_S)) {
		int64_t second = ns / WHEN_NS_PER_S;
		fill(w, second - (ns % WHEN_NS_PER_S < 0));
		rest = (uint64_t)ns - (uint64_t)w->second_ns;
	}
	memcpy(at, w->text, sizeof(w->text));
	/* Nine digits as 1 + 4 + 4: the two fours do not depend on each other. */
	uint32_t low = (uint32_t)rest % 100000000, top = (uint32_t)rest / 100000000;
	at += sizeof(w->text);
	at[0] = (char)('0' + top);
	memcpy(at + 1, text_digits + 2 * (low / 1000000), 2);
	memcpy(at + 3, text_digits + 2 * (low / 10000 % 100), 2);
	memcpy(at + 5, text_digits + 2 * (low / 100 % 100), 2);
	memcpy(at + 7, text_digits + 2 * (low % 100), 2);
	at[9] = 'Z';
	return at + 10;
}

void when_text(struct when *w, struct text *t, int64_t ns)
{
	if (text_reserve(t, WHEN_LEN))
		t->at = when_text_at(w, t->at, ns);
}
