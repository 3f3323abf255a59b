/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/idna.h"

#include "base/utf8.h"

#ifdef DNS_IDN
#include <idn2.h>
#include <stdio.h>
#include <strings.h>

bool idna_available(void)
{
	return true;
}

/* Returns the length of the label at p, up to the dot or the end, of a name in presentation form.
 */
static size_t label_len(const char *p, const char *end)
{
	size_t n = 0;
	while (p + n < end && p[n] != '.')
		n += p[n] == '\\' ? 2 : 1;
	return p + n > end ? (size_t)(end - p) : n;
}

/* True if this is the U-label of that A-label by all rules of IDNA2008 (RFC 5891 section 4.2). */
static bool belongs_to(const char *unicode, const char *label)
{
	uint8_t *back = NULL;
	if (idn2_lookup_u8((const uint8_t *)unicode, &back, IDN2_NO_TR46) != IDN2_OK || !back)
		return false;
	bool same = strcasecmp((const char *)back, label) == 0;
	idn2_free(back);
	return same;
}

/* Appends the U-label of an A-label of letters, digits and hyphens. Returns false if it is none. */
static bool put_unicode(struct text *t, const char *p, size_t n)
{
	char label[64], *unicode = NULL;
	if (n < 5 || n > 63 || strncasecmp(p, "xn--", 4) != 0 || memchr(p, '\\', n))
		return false;
	memcpy(label, p, n);
	label[n] = 0;
	if (idn2_to_unicode_8z8z(label, &unicode, 0) != IDN2_OK || !unicode)
		return false;
	/* The library decodes labels that it would not encode: with control characters, with dots
	 * of other scripts. */
	bool fits = belongs_to(unicode, label);
	if (fits)
		utf8_text(t, (const uint8_t *)unicode, strlen(unicode));
	idn2_free(unicode);
	return fits;
}

bool idna_text(struct text *t, const struct name_space *space, uint32_t at)
{
	char buffer[NAME_TEXT_MAX];
	struct text ascii = text_of(buffer, sizeof(buffer));
	enum dns_error error;
	bool found = false;
	char *start = t->at;

	if (name_text(&ascii, space, at, false, NULL, &error) == 0)
		return false;
	for (const char *p = buffer; p < ascii.at;) {
		size_t n = label_len(p, ascii.at);
		if (put_unicode(t, p, n)) {
			found = true;
		} else {
			for (size_t i = 0; i < n; i++)
				text_graph(t, p[i]);
		}
		p += n;
		if (p < ascii.at) {
			text_char(t, '.');
			p++;
		}
	}
	if (!found && !t->full)
		t->at = start;
	return found;
}
#else
bool idna_available(void)
{
	return false;
}

bool idna_text(struct text *t, const struct name_space *space, uint32_t at)
{
	(void)t;
	(void)space;
	(void)at;
	return false;
}
#endif
