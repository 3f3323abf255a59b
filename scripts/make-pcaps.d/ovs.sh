# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Tunnels of Open vSwitch between c5 and ns2, in user space, over a separate
# wire.  make-pcaps sources this file.

vsctl()			# SPACE ARGS...
{
	local s=$1
	shift
	ovs-vsctl --timeout=20 "--db=unix:$tmp/ovs-$s/db" "$@" \
		>>"$tmp/ovs.log" 2>&1 || die "ovs-vsctl fails: $*"
}

flows()			# SPACE BRIDGE FLOW...
{
	local s=$1 bridge=$2 flow version
	shift 2
	for flow; do
		case $flow in	# two tags off: only the oldest can say it
		*strip_vlan*)	version=OpenFlow10 ;;
		*)		version=OpenFlow14 ;;
		esac
		ovs-ofctl -O $version add-flow \
			"unix:$tmp/ovs-$s/$bridge.mgmt" "$flow" \
			>>"$tmp/ovs.log" 2>&1 || die "ovs-ofctl fails: $flow"
	done
}

mac_of()		# SPACE DEV
{
	ip -n "$ns$1" -br link show "$2" | awk '{ print $3 }'
}

switch()		# SPACE NUMBER: one in a namespace
{
	local s=$1 n=$2 dir=$tmp/ovs-$1 i
	mkdir "$dir"
	ovsdb-tool create "$dir/conf" /usr/share/openvswitch/vswitch.ovsschema
	start "ovsdb_$s" "$s" env "OVS_RUNDIR=$dir" ovsdb-server "$dir/conf" \
		"--remote=punix:$dir/db" "--unixctl=$dir/db.ctl"
	for i in $(seq 50); do
		[ ! -S "$dir/db" ] || break
		sleep 0.1
	done
	vsctl "$s" --no-wait init
	vsctl "$s" --no-wait set Open_vSwitch . other_config:vlan-limit=2
	start "vswitch_$s" "$s" env "OVS_RUNDIR=$dir" ovs-vswitchd "unix:$dir/db" \
		"--unixctl=$dir/vs.ctl" --disable-system
	vsctl "$s" add-br phy -- set bridge phy datapath_type=netdev \
		"other_config:hwaddr=00:00:5e:00:53:f$n" -- add-port phy under
	ip -n "$ns$s" link set phy addrgenmode none up
	ip -n "$ns$s" addr add "198.18.0.$n/24" dev phy
	ip -n "$ns$s" addr add "2001:db8:e::$n/64" dev phy nodad
}

inside()		# SPACE DEV NUMBER-OF-NETWORK NUMBER
{
	ip -n "$ns$1" link set "$2" addrgenmode none up
	ip -n "$ns$1" addr add "198.18.$3.$4/24" dev "$2"
	ip -n "$ns$1" addr add "2001:db8:e:$3::$4/64" dev "$2" nodad
}

# Static neighbours instead of ARP: some tunnels carry IP only.
neighbour()		# SPACE DEV NUMBER-OF-NETWORK NUMBER MAC
{
	ip -n "$ns$1" neigh add "198.18.$3.$4" lladdr "$5" dev "$2"
	ip -n "$ns$1" neigh add "2001:db8:e:$3::$4" lladdr "$5" dev "$2"
}

lookup()		# NUMBER-OF-NETWORK [only4]
{
	e c5 "@198.18.$1.2" +nocookie +time=2 +tries=2 www.example.org A
	[ -n "${2-}" ] ||
		d c5 "@2001:db8:e:$1::2" +time=2 +tries=2 www.example.org AAAA
	e c5 "@198.18.$1.2" +nocookie +tcp example.org SOA
}

# Makes a tunnel between both ends, sends lookups through it, and removes it:
# two ports of one protocol (GRE, ERSPAN) cannot exist at a time.
over()			# NAME NUMBER 4|6 TYPE [OPTION...]
{
	local name=$1 net=$2 family=$3 type=$4 s n peer
	shift 4
	for s in c5 ns2; do
		[ $s = c5 ] && n=1 || n=2
		peer=198.18.0.$((3 - n))
		[ "$family" = 4 ] || peer=2001:db8:e::$((3 - n))
		vsctl $s add-br "$name" -- set bridge "$name" \
			datapath_type=netdev fail_mode=standalone \
			"other_config:hwaddr=00:00:5e:00:53:0$n" -- \
			set interface "$name" mtu_request=1300 -- \
			add-port "$name" "p-$name" -- set interface "p-$name" \
			ofport_request=1 "type=$type" \
			"options:remote_ip=$peer" "$@"
		inside $s "$name" "$net" $n
		neighbour $s "$name" "$net" $((3 - n)) 00:00:5e:00:53:0$((3 - n))
		flows $s "$name" "in_port=LOCAL,actions=output:1" \
			"in_port=1,actions=set_field:00:00:5e:00:53:0$n->eth_dst,LOCAL"
	done
	lookup "$net"
	for s in c5 ns2; do
		vsctl $s del-br "$name"
	done
}

# Adds a device of the switch to whose packets the flows add labels or tags.
labelled()		# NAME NUMBER PORT FLOW-OUT FLOW-IN
{
	local name=$1 net=$2 port=$3 s n
	for s in c5 ns2; do
		[ $s = c5 ] && n=1 || n=2
		vsctl $s add-port phy "$name" -- set interface "$name" \
			type=internal "ofport_request=$port" mtu_request=1400 \
			"mac=\"00:00:5e:00:53:$port$n\""
		inside $s "$name" "$net" $n
		neighbour $s "$name" "$net" $((3 - n)) "00:00:5e:00:53:$port$((3 - n))"
		flows $s phy "priority=20,in_port=$port,actions=$4,output:99" \
			"priority=20,in_port=99,$5,output:$port"
	done
}

make_overlays()
{
	local s
	ip link add name under netns ${ns}c5 type veth peer name under netns ${ns}ns2
	for s in c5 ns2; do
		in_ns $s sysctl -q -w net.ipv6.conf.under.disable_ipv6=1 \
			net.ipv6.conf.default.addr_gen_mode=1
		plain_link $s under
		ip -n $ns$s link set under up
	done
	switch c5 1
	switch ns2 2
	for s in c5 ns2; do
		vsctl $s set interface under ofport_request=99
	done
	capture overlays.pcap c5 under ''
	over gre-key 1 4 gre options:key=77 options:csum=true
	over gre-seq 2 4 gre options:seq=true
	over gre-ip 3 4 gre options:packet_type=legacy_l3 options:key=4294967295
	over gre-v6 4 6 ip6gre options:key=1
	over erspan-1 5 4 erspan options:key=21 options:erspan_ver=1 options:erspan_idx=3
	over erspan-2 6 4 erspan options:key=1023 options:erspan_ver=2 \
		options:erspan_dir=1 options:erspan_hwid=4
	over erspan-v6 7 6 ip6erspan options:key=22 options:erspan_ver=2 \
		options:erspan_dir=0 options:erspan_hwid=3f
	over vxlan 8 4 vxlan options:key=16777215 options:csum=true
	over vxlan-v6 9 6 vxlan options:key=0
	over vxlan-gpe 10 4 vxlan options:key=11 options:exts=gpe options:dst_port=4790
	over vxlan-ip 11 4 vxlan options:key=12 options:exts=gpe options:dst_port=4790 \
		options:packet_type=legacy_l3
	over geneve-v6 12 6 geneve options:key=13 options:csum=true
	labelled qinq 13 4 \
		push_vlan:0x8100,set_field:4126-\>vlan_vid,push_vlan:0x88a8,set_field:4296-\>vlan_vid \
		dl_vlan=200,actions=strip_vlan,strip_vlan
	lookup 13
	labelled mpls 14 5 \
		push_mpls:0x8847,set_field:16-\>mpls_label,push_mpls:0x8847,set_field:1048575-\>mpls_label \
		mpls,mpls_label=1048575,actions=pop_mpls:0x8847,pop_mpls:0x0800
	lookup 14 only4
	captured overlays.pcap
	ip -n ${ns}c5 link del under
}
