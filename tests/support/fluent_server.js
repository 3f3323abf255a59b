// SPDX-License-Identifier: BSD-3-Clause
// A receiver by Fluent's own package @fluent-org/logger, told by JSON as the argument after its
// folder: key, users, tls {key, cert}, path. Says "port N" (or the path), then each event as a line
// [tag, seconds, nanoseconds, record] of JSON.
"use strict";

const fs = require("fs");
const { FluentServer } = require(process.argv[2]);
const want = JSON.parse(process.argv[3]);

class Server extends FluentServer {
	onEntry(tag, time, record) {
		// An EventTime has its parts; whole seconds are a number.
		const parts = typeof time === "number" ? [time, 0] : [time.epoch, time.nano];
		process.stdout.write(JSON.stringify([tag, ...parts, record]) + "\n");
	}
}

const options = { keepalive: true };
if (want.path) options.listenOptions = { path: want.path };
else options.listenOptions = { port: 0, host: "127.0.0.1" };
if (want.key !== undefined) {
	options.security = {
		serverHostname: "node", sharedKey: want.key,
		authorize: want.users !== undefined, userDict: want.users || {},
	};
}
if (want.tls) {
	options.tlsOptions = {
		key: fs.readFileSync(want.tls.key), cert: fs.readFileSync(want.tls.cert),
	};
}
const server = new Server(options);
server.listen().then(() => console.log("port " + (want.path || server.port)));
process.stdin.on("end", () => process.exit(0)).resume();
