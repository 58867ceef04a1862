#!/usr/bin/env python3
"""Verifies an exported audit log without any of resetctl's code.

Recomputes every checkpoint's root from the entries' bytes, makes a proof for each entry and each growth, and verifies
them; compares the decoded fields with the bytes. Signatures are not its business. Standard library only.

    audit_check.py FILE...      prints "<size> <root, base64>"; exit code 1 and a reason otherwise

The files are an export, or its parts in order: the controller's archive files, then an export that goes on from them.
"""

import base64
import datetime
import hashlib
import json
import sys


def sha256(data):
    return hashlib.sha256(data).digest()


def split(size):
    """The largest power of two below size (RFC 6962, section 2.1)."""
    return 1 << (size - 1).bit_length() - 1


class Tree:
    """Hashes of ranges of leaves, each computed once."""

    def __init__(self, leaves):
        self.leaves = leaves
        self.known = {}

    def root(self, begin, end):
        if end == begin:
            return sha256(b"")
        if end - begin == 1:
            return self.leaves[begin]
        if (begin, end) not in self.known:
            middle = begin + split(end - begin)
            self.known[begin, end] = sha256(b"\1" + self.root(begin, middle) + self.root(middle, end))
        return self.known[begin, end]

    def inclusion(self, index, begin, end):
        if end - begin == 1:
            return []
        middle = begin + split(end - begin)
        if index < middle:
            return self.inclusion(index, begin, middle) + [self.root(middle, end)]
        return self.inclusion(index, middle, end) + [self.root(begin, middle)]


def root_from_inclusion(leaf, index, size, proof):
    """RFC 9162, section 2.1.3.2."""
    last, node = size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ValueError("proof too long")
        if index & 1 or index == last:
            node = sha256(b"\1" + sibling + node)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = sha256(b"\1" + node + sibling)
        index, last = index >> 1, last >> 1
    if last:
        raise ValueError("proof too short")
    return node


def fields_of(message):
    """(number, value) of a protobuf message: varints as int, everything else as bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            length = varint()
            at += length
            yield key >> 3, message[at - length : at]
        else:
            raise ValueError("an entry has a field of an unknown kind")


NAMES = {2: "actor", 3: "action", 4: "subject", 5: "environment", 6: "target", 7: "outcome", 8: "detail",
         10: "key_fingerprint", 11: "peer"}


def decode(leaf):
    """The fields of an exported entry, from its bytes (proto/resetctl/v1/audit.proto)."""
    entry = {}
    for number, value in fields_of(leaf):
        if number in NAMES:
            entry[NAMES[number]] = value.decode()
        elif number == 1:
            time = dict(fields_of(value))
            seconds = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=time.get(1, 0))
            entry["time"] = seconds.strftime("%Y-%m-%dT%H:%M:%S") + ".%06dZ" % (time.get(2, 0) // 1000)
        elif number == 9:
            text = dict(fields_of(value)).get(1, b"")
            if text:
                entry["statement"] = text.decode()
        elif number == 12:
            pair = dict(fields_of(value))
            entry.setdefault("evidence", {})[pair.get(1, b"").decode()] = pair.get(2, b"").decode()
    return entry


def lines_of(paths):
    """The numbered lines of each file, one file after the other."""
    for path in paths:
        with open(path, encoding="utf-8", newline="\n") as lines:
            yield from enumerate(lines, 1)


def check(paths):
    leaves, checkpoints, origin = [], [], None
    for number, line in lines_of(paths):
        said = json.loads(line)
        if number == 1:
            if said.pop("resetctl_audit_export") != 1:
                raise ValueError("another version of export")
            if origin not in (None, said["origin"]):
                raise ValueError(f"a file of another log, {said['origin']}")
            origin = said["origin"]
        elif "checkpoint" in said:
            size, root = said["checkpoint"].split("\n")[1:3]
            if said["checkpoint"].split("\n")[0] != origin or not int(size) == len(leaves) == said["size"]:
                raise ValueError(f"line {number}: the checkpoint is not of these {len(leaves)} entries")
            checkpoints.append((int(size), base64.b64decode(root)))
        else:
            if said.pop("index") != len(leaves):
                raise ValueError(f"line {number}: not entry {len(leaves)}")
            leaf = base64.b64decode(said.pop("leaf"), validate=True)
            if said != decode(leaf):
                raise ValueError(f"line {number}: the fields are not what the leaf says")
            leaves.append(sha256(b"\0" + leaf))
    if not checkpoints or checkpoints[-1][0] != len(leaves):
        raise ValueError("no checkpoint covers the last entries")
    tree = Tree(leaves)
    for size, root in checkpoints:
        if tree.root(0, size) != root:
            raise ValueError(f"the checkpoint of {size} entries has another root")
        for index in range(max(0, size - 500), size):
            if root_from_inclusion(leaves[index], index, size, tree.inclusion(index, 0, size)) != root:
                raise ValueError(f"entry {index} is not proved in {size}")
    return len(leaves), base64.b64encode(checkpoints[-1][1]).decode()


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    try:
        print(*check(sys.argv[1:]))
    except (ValueError, KeyError, IndexError) as error:
        sys.exit(f"{' '.join(sys.argv[1:])}: {error}")
