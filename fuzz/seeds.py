#!/usr/bin/env python3
"""Fills fuzz/corpus/ with what a fuzzer had to guess for days: mail of tests/corpus for the targets of MIME, its
attachments for those of documents and workers, the rules for that of rules, the transcripts for those of SMTP.

    fuzz/seeds.py [FOLDER_OF_MAIL…]
"""
import email
import hashlib
import json
import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"
LIMIT = 64 * 1024

# As in fuzz_targets/attachment.rs: the first byte chooses one.
NAMES = ["zip", "docx", "pdf", "doc", "csv", "json", "xml", "ics", "html", "hl7", "eml", "dat"]


def keep(target: str, seed: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    if seed and len(seed) <= LIMIT:
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def attachment(name: str, data: bytes) -> None:
    ending = name.rsplit(".", 1)[-1].lower()
    choice = NAMES.index(ending) if ending in NAMES else 0
    keep("attachment", bytes([choice]) + data)
    head = json.dumps({"name": name, "declared": "", "container_depth": 1, "bytes": 1 << 24, "parts": 500, "depth": 16, "ratio": 200})
    keep("worker", struct.pack("<Q", len(head)) + head.encode() + data)


def mail(path: pathlib.Path) -> None:
    content = path.read_bytes()
    keep("mime", content)
    keep("header", content.split(b"\r\n\r\n")[0] + b"\r\n\r\n")
    for part in email.message_from_bytes(content).walk():
        name, data = part.get_filename(), part.get_payload(decode=True)
        if name and data:
            attachment(name, data)


def strings(path: pathlib.Path) -> None:
    """The mails and files that tests write down as string literals, small and strange."""
    for literal in re.findall(r'b?"((?:[^"\\]|\\.){12,})"', path.read_text()):
        text = re.sub(r"\\\n\s*", "", literal)
        text = text.encode().decode("unicode_escape", "ignore") if "{" not in text or "rtf" in text else text
        keep("mime" if ": " in text else "attachment", ("" if ": " in text else "\0").encode() + text.encode("latin-1", "ignore"))


for folder in [ROOT / "tests" / "corpus" / "eml", *map(pathlib.Path, sys.argv[1:])]:
    for path in sorted(folder.glob("**/*.eml")):
        mail(path)
for path in (ROOT / "src" / "message").glob("**/*.rs"):
    strings(path)
for path in [*(ROOT / "src" / "message" / "readers" / "fixtures").iterdir(), *(ROOT / "tests" / "support" / "pictures").iterdir()]:
    attachment(path.name, path.read_bytes())
for path in (ROOT / "rules").glob("**/*.yaml"):
    keep("rules", path.read_bytes())
for path in (ROOT / "tests" / "sessions").glob("*.txt"):
    said = [line[3:] for line in path.read_text().splitlines() if line.startswith("C: ")]
    keep("smtp_session", "".join(f"{line}\r\n" for line in said).encode())
    keep("smtp_content", b"\x03" + "".join(f"{line}\r\n" for line in said).encode() + b"\r\n.\r\n")
    for line in said:
        keep("smtp_command", line.encode())
for folder in sorted(CORPUS.iterdir()):
    print(f"{folder.name}: {len(list(folder.iterdir()))}")
