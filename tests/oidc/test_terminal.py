"""The program of docs/device-login.md in a terminal: its QR is read off the printed lines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import zxingcpp
from PIL import Image

from tests.conftest import Installation
from tests.oidc.programs import Program, a_phone
from tests.servers import ROOT

#: One character is two modules, one above the other; what is printed is light.
MODULES = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
PIXELS = 4


def the_program(issuer: str, client_id: str) -> str:
    """Return the documentation's program for one application."""
    document = (ROOT / "docs" / "device-login.md").read_text(encoding="utf-8")
    [program] = re.findall(r"```python\n(.+?)```", document, re.DOTALL)
    line = 'ISSUER, CLIENT_ID = "https://login.example.com/oidc", "CLIENT_ID"'
    assert line in program
    return str(program).replace(line, f'ISSUER, CLIENT_ID = "{issuer}", "{client_id}"')


def read_printed_qr(lines: list[str]) -> str:
    """Read a QR code that was printed with characters."""
    columns = [[MODULES[character] for character in line] for line in lines]
    picture = Image.new("L", (len(lines[0]), 2 * len(lines)))
    for row, line in enumerate(columns):
        for column, halves in enumerate(line):
            for half, shade in enumerate(halves):
                picture.putpixel((column, 2 * row + half), shade)
    large = picture.resize((PIXELS * picture.width, PIXELS * picture.height))
    found = zxingcpp.read_barcode(large, formats=zxingcpp.BarcodeFormat.QRCode)
    assert found is not None, "no QR code was printed"
    return str(found.text)


def test_the_terminal_program_of_the_documentation_logs_in(
    installation: Installation, tmp_path: Path
) -> None:
    program = Program(installation, is_public=True)
    script = tmp_path / "terminal.py"
    script.write_text(the_program(program.issuer, program.client_id), encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-u", str(script)]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="utf-8", env=environment
    ) as terminal:
        assert terminal.stdout is not None
        printed = []
        while not (line := terminal.stdout.readline().rstrip("\n")).startswith("Scan this"):
            assert terminal.poll() is None
            printed.append(line)
        phone = a_phone(installation)
        phone.submit(phone.open(read_printed_qr(printed)), decision="confirm")
        rest = terminal.stdout.read()

    assert rest == "Welcome, 林小满\n"
    assert terminal.returncode == 0
