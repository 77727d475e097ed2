"""
Signed advertisements, made by hand with Python's hmac for test/golden/vrrp-hmac.json:
    python3 test/golden/vrrp-hmac.py > test/golden/vrrp-hmac.json && npm run format
Shares nothing with src: written from the layout in draft-cassen-vrrp-auth-hmac. What it makes of the draft's own two examples
(its appendix; keepalived's tests hold the same) is compared with these before anything is written.
"""
import hashlib
import hmac
import ipaddress
import json
import struct
import sys

KEY = bytes(range(32))
LONG = bytes(range(64))
PHRASE = b"a passphrase of more than thirty-two bytes"
DRAFT = {
    "draft, IPv4": "3133c80100644402c00002640101000068000000800000001b84bc4e8e43892dc6d98448f8ee2265",
    "draft, IPv6": "3133c8010064a2e9fe800000000000000000000000000100010100006800000080000000c8c56146ebfd66ee10ec4d8186461b78",
}


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(one):
    source = ipaddress.ip_address(one["source"])
    destination = ipaddress.ip_address(one["destination"])
    version, vrid, priority, interval = one["version"], one["vrid"], one["priority"], one["interval"]
    addresses = b"".join(ipaddress.ip_address(a).packed for a in one["addresses"])
    timer = struct.pack("!BB", 0, interval) if version == 2 else struct.pack("!H", interval)
    head = struct.pack("!BBBB", version << 4 | 1, vrid, priority, len(one["addresses"])) + timer
    body = addresses + (bytes(8) if version == 2 else b"")
    zeroed = head + bytes(2) + body
    sequence = one["seconds"], one["fraction"], one["counter"]
    prefix = struct.pack("!BBHIHH", 1, one["keyId"], 0, *sequence)
    pseudo = struct.pack("!BBBB", source.version, version, vrid, 0) + source.packed.ljust(16, b"\0")
    mac = hmac.new(bytes.fromhex(one["key"]), pseudo + zeroed + prefix + bytes(16), hashlib.sha256).digest()[:16]
    trailer = prefix + mac
    if source.version == 6:
        length = len(zeroed) + len(trailer)
        summed = source.packed + destination.packed + struct.pack("!IHBB", length, 0, 0, 112) + zeroed + trailer
    elif version == 2 or one["checksum"] == "plain":
        summed = zeroed
    else:
        summed = source.packed + destination.packed + struct.pack("!BBH", 0, 112, len(zeroed)) + zeroed
    return head + struct.pack("!H", checksum(summed)) + body + trailer


def vector(name, **more):
    one = dict(name=name, version=3, vrid=51, priority=200, interval=100, checksum="pseudo-header", keyId=1, key=KEY.hex(),
               source="198.51.100.10", destination="198.51.100.11", addresses=["192.0.2.100"],
               seconds=0x68000000, fraction=0x8000, counter=0)
    one.update(more)
    one["hex"] = packet(one).hex()
    return one


SIX = dict(source="fe80::10", destination="fe80::20", addresses=["fe80::100"])
vectors = [
    vector("draft, IPv4", checksum="plain"),
    vector("draft, IPv6", **SIX),
    vector("pseudo-header, multicast", destination="224.0.0.18"),
    vector("20 addresses, 10 ms, priority 0", priority=0, interval=1, addresses=[f"192.0.2.{n}" for n in range(1, 21)]),
    vector("key of 64 bytes and number 255, counter", keyId=255, key=LONG.hex(), counter=0xFFFF),
    vector("passphrase", keyId=7, key=PHRASE.hex(), seconds=0xFFFFFFFF, fraction=0xFFFF, counter=1),
    vector("version 2", version=2, interval=3),
    vector("IPv6, multicast, two addresses", destination="ff02::12", source="fe80::10", addresses=["fe80::100", "2001:db8::100"]),
]
for one in vectors:
    if one["hex"] != DRAFT.get(one["name"], one["hex"]):
        sys.exit(f"{one['name']}: {one['hex']}")
json.dump({"made": f"Python {sys.version.split()[0]}, test/golden/vrrp-hmac.py", "vectors": vectors}, sys.stdout, indent=2)
print()
