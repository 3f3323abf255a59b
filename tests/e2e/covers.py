# SPDX-License-Identifier: BSD-3-Clause
"""What dnsloupe decodes, for all tests that compare with tshark.

Set a switch to True when the program learns it; the tests then expect it everywhere.
"""
TCP = True
FRAGMENTS = True
TUNNELS = True

# Link types, by how tshark's stack of protocols begins.
LINKS = {"eth", "sll", "raw", "null", "loop", "ip", "ipv6"}
TUNNEL_LAYERS = {"gre", "erspan", "vxlan", "geneve", "gtp", "mpls", "pppoes", "pppoe", "teredo",
                 "ppp", "l2tp"}


def missing(stack, fragmented):
    """Returns why a message in this stack of protocols (as "eth:ethertype:ip:udp:dns") is not decoded,
    or "". fragmented: it came in several IP fragments."""
    layers = stack.split(":")
    if layers[0] not in LINKS:
        return f"link type {layers[0]}"
    if not TUNNELS and (set(layers) & TUNNEL_LAYERS or
                        sum(layers.count(ip) for ip in ("ip", "ipv6")) > 1):
        return "tunnel"
    if not FRAGMENTS and (fragmented or "ipv6.fraghdr" in layers):
        return "fragments"
    if not TCP and "tcp" in layers:
        return "TCP"
    return ""
