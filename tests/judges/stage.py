"""The site for the judges, over HTTP/1.1 and HTTP/2, with and without TLS, and its log."""

import asyncio
import copy
import dataclasses
import pathlib
import re
import ssl
import subprocess
import threading

import site_example
from report import Report

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Way:
    """One kind of connection to the site."""

    version: str
    tls: bool

    def __str__(self):
        return f"{self.version} over TLS" if self.tls else self.version


H1, H2 = Way("HTTP/1.1", False), Way("HTTP/2", False)
H1_TLS, H2_TLS = Way("HTTP/1.1", True), Way("HTTP/2", True)
WAYS = (H1, H2, H1_TLS, H2_TLS)


class Certificate:
    """A certificate for 127.0.0.1 and its authority, created for this run."""

    def __init__(self, directory):
        self.authority = directory / "authority.pem"
        self.chain, self.key = directory / "site.pem", directory / "site.key"
        authority_key, request, extensions = (directory / name for name in ("authority.key", "site.csr", "site.ext"))
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl(
            "req", "-x509", *curve, "-keyout", authority_key, "-out", self.authority, "-days", "2",
            "-subj", "/CN=the authority of the judges",
            "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip
        openssl("req", *curve, "-keyout", self.key, "-out", request, "-subj", "/CN=the site")
        extensions.write_text(
            "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
            "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
        )
        openssl(
            "x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", authority_key, "-CAcreateserial",
            "-out", self.chain, "-days", "2", "-extfile", extensions,
        )  # fmt: skip


def openssl(*arguments):
    result = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {result.stdout}")


class Fronts:
    """Terminates TLS in front of a site and forwards the bytes unchanged, so that the site also handles HTTP/2 over TLS.
    Runs until the program ends."""

    def __init__(self, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.chain, certificate.key)
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def before(self, port):
        """The port of a front for this site, and the HTTP versions that it offers."""
        spoken = set()

        async def start():
            async def serve(reader, writer):
                chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
                spoken.add("HTTP/2" if chosen == "h2" else "HTTP/1.1")
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(hand_on(reader, inner_writer), hand_on(inner_reader, writer))

            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self.context)
            return server.sockets[0].getsockname()[1]

        return asyncio.run_coroutine_threadsafe(start(), self.loop).result(10), spoken


async def hand_on(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass
    finally:
        # Both directions, because a TLS connection cannot be half closed.
        writer.close()


class Site(site_example.Site):
    """A separate site, with a front."""

    def __init__(self, stage, name, arguments=()):
        directory = stage.directory / re.sub(r"[^\w.]+", "-", f"site-{name}")
        directory.mkdir()
        super().__init__(stage.processes, stage.program, directory, list(arguments))
        self.tls_port, self.spoken = stage.fronts.before(self.port)

    def base(self, way):
        return f"https://127.0.0.1:{self.tls_port}" if way.tls else f"http://127.0.0.1:{self.port}"

    def mark(self):
        """The current end of the log."""
        return self.log.stat().st_size

    def asked(self, path, mark):
        """The status of each GET of `path` that reached the site since the mark."""
        self.wait_for_log()
        return self.reached(path, mark)

    def asked_at_all(self, mark):
        """The statuses of the GETs that reached the site since the mark, by path."""
        self.wait_for_log()
        lines = self.log.read_bytes()[mark:].decode().rpartition("\n")[0]
        reached = {}
        for path, status in re.findall(r"^GET (\S+) (\d+) ", lines, re.M):
            if not path.startswith("/probe-"):
                reached.setdefault(path, []).append(int(status))
        return reached


class Stage:
    """The arguments of each judge."""

    def __init__(self, processes, directory, program):
        self.processes, self.directory, self.program, self.report = processes, directory, program, None
        self.certificate = Certificate(directory)
        self.fronts = Fronts(self.certificate)
        # The routes of the site, followed by those of the judges.
        self.policies = directory / "policies.toml"
        own = (site_example.ROOT / "examples" / "site" / "policies.toml").read_text()
        self.policies.write_text(own + (HERE / "policies.toml").read_text())

    def for_one_judge(self):
        """The same stage with a separate report."""
        own = copy.copy(self)
        own.report = Report()
        return own

    def site(self, name, *arguments):
        return Site(self, name, arguments)

    def site_of_short_lives(self, name):
        """The site with the routes of `policies.toml` and their articles."""
        site = Site(self, name, ["--policies", self.policies])
        for number in range(10, 20):
            site.put(f"/articles/{number}", "old")
        return site

    def trusting(self):
        """The TLS settings of a Python client. Each client gets its own, because it changes the offered versions."""
        return ssl.create_default_context(cafile=self.certificate.authority)

    def versioned(self):
        """The URLs of the files of the front page, by name."""
        command = [self.program, "--print-manifest"]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return {name: url for name, _, url, _ in map(str.split, printed.splitlines()[1:])}

    def edges(self):
        """The names that `--edge` accepts."""
        command = [self.program, "--edge", "nobody"]
        printed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        if not (found := re.search(r"use one of ([\w, ]+)", printed)):
            raise RuntimeError(f"the site does not name its edges: {printed}")
        return found[1].split(", ")
