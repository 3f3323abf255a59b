# SPDX-License-Identifier: BSD-3-Clause
"""The native schema for polars: read("dns.jsonl") is a DataFrame with every member as a column."""
import polars as pl

_RR = pl.List(pl.Struct({"name": pl.String, "type": pl.String, "class": pl.String,
                         "ttl": pl.Int64, "flush": pl.Boolean, "data": pl.String}))
_EDNS = pl.Struct({
    "version": pl.Int64, "udp": pl.Int64, "do": pl.Boolean, "ecs": pl.String,
    "cookie": pl.String, "nsid": pl.String,
    "ede": pl.List(pl.Struct({"code": pl.Int64, "text": pl.String})),
    "keepalive": pl.Int64, "padding": pl.Int64,
    "options": pl.List(pl.Struct({"code": pl.Int64, "name": pl.String, "value": pl.String,
                                  "data": pl.String}))})

SCHEMA = {
    "ts": pl.String, "sensor": pl.String, "status": pl.String, "proto": pl.String,
    "client": pl.String, "client_port": pl.Int64, "server": pl.String, "server_port": pl.Int64, "group_query": pl.Boolean,
    "client_mac": pl.String, "server_mac": pl.String,
    "vlan": pl.List(pl.Int64),
    "tunnel": pl.Struct({"type": pl.String, "id": pl.Int64, "src": pl.String, "dst": pl.String}),
    "transport": pl.String, "sni": pl.String, "id": pl.Int64, "opcode": pl.String,
    "qname": pl.String, "qname_unicode": pl.String, "qtype": pl.String, "qclass": pl.String,
    "unicast": pl.Boolean,
    "questions": pl.List(pl.Struct({"name": pl.String, "type": pl.String, "class": pl.String,
                                    "unicast": pl.Boolean})),
    "rcode": pl.String, "flags": pl.List(pl.String), "query_flags": pl.List(pl.String),
    "latency_us": pl.Float64, "evicted": pl.Boolean, "tcp_rtt_us": pl.Float64, "retries": pl.Int64,
    "query_bytes": pl.Int64, "reply_bytes": pl.Int64, "bad_checksum": pl.Boolean,
    "ambiguous": pl.List(pl.String),
    "transfer": pl.Struct({"messages": pl.Int64, "records": pl.Int64, "octets": pl.Int64,
                           "serial": pl.Int64, "duration_us": pl.Float64,
                           "incomplete": pl.Boolean}),
    "answers": _RR, "authority": _RR, "additional": _RR,
    "dso": pl.List(pl.Struct({"type": pl.String, "data": pl.String})),
    "edns": _EDNS, "query_edns": _EDNS, "shed": pl.List(pl.String),
    "omitted": pl.Struct({"questions": pl.Int64, "answers": pl.Int64, "authority": pl.Int64,
                          "additional": pl.Int64}),
    "error": pl.String, "error_in": pl.String}


def read(source):
    """All lines of a file, a compressed file, or a pattern of names."""
    return pl.read_ndjson(source, schema=SCHEMA).with_columns(
        pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%S%.9fZ", time_unit="ns"))
