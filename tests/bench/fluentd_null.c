/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fluentd_null: the cheapest receiver of PackedForward with acknowledgements, to measure the sink
 * `fluentd`: listens on a port of 127.0.0.1, prints it, accepts one connection, skips the entries
 * and acknowledges each chunk. Understands only what that sink sends.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t buffer[1 << 20];
static size_t at, end;

/* Reads n octets, into `to` unless it is NULL. Returns 0, or -1 at the end. */
static int read_octets(int fd, size_t n, uint8_t *to)
{
	while (n) {
		if (at == end) {
			ssize_t got = read(fd, buffer, sizeof(buffer));
			if (got <= 0)
				return -1;
			at = 0;
			end = (size_t)got;
		}
		size_t some = n < end - at ? n : end - at;
		if (to) {
			memcpy(to, buffer + at, some);
			to += some;
		}
		at += some;
		n -= some;
	}
	return 0;
}

/* Reads [tag, bin32, {..., "chunk": id}], where id is the last 32 octets, and acknowledges it. */
static int message(int fd)
{
	uint8_t head[6], options[1], c = 0;
	char ack[6 + 2 + 32] = "\x81\xa3"
			       "ack\xd9\x20";
	if (read_octets(fd, 2, head) || read_octets(fd, head[1] & 31, NULL) ||
		read_octets(fd, 5, head))
		return -1;
	size_t n = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
	if (head[0] != 0xc6 || read_octets(fd, n, NULL) || read_octets(fd, 1, options))
		return -1;
	/* up to the str8 of 32 octets behind "chunk" */
	while (c != 0xd9)
		if (read_octets(fd, 1, &c))
			return -1;
	if (read_octets(fd, 1, &c) || read_octets(fd, 32, (uint8_t *)ack + 7))
		return -1;
	return write(fd, ack, 39) == 39 ? 0 : -1;
}

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(listener, 1) < 0)
		return 1;
	getsockname(listener, (struct sockaddr *)&a, &len);
	printf("%u\n", ntohs(a.sin_port));
	fflush(stdout);
	int fd = accept(listener, NULL, NULL);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (message(fd) == 0)
		;
	return 0;
}
