"""The site as the judges meet it: over HTTP/1.1 and HTTP/2, in the clear and over TLS, and what its log says."""

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
    """One way to the site."""

    version: str
    tls: bool

    def __str__(self):
        return f"{self.version} over TLS" if self.tls else self.version


H1, H2 = Way("HTTP/1.1", False), Way("HTTP/2", False)
H1_TLS, H2_TLS = Way("HTTP/1.1", True), Way("HTTP/2", True)
WAYS = (H1, H2, H1_TLS, H2_TLS)


class Certificate:
    """One for 127.0.0.1, and the authority that gave it, made for this run."""

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
    """Ends TLS before a site and hands on the octets as they are, so that HTTP/2 over TLS is the
    site's own too. Runs until the program ends."""

    def __init__(self, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.chain, certificate.key)
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def before(self, port):
        """The port of a front before this one, and a set of the versions that are spoken there."""
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
        while octets := await reader.read(1 << 16):
            writer.write(octets)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass
    finally:
        # Not by halves: TLS has no half of a connection.
        writer.close()


class Site(site_example.Site):
    """A site of its own, with a front."""

    def __init__(self, stage, name, arguments=()):
        directory = stage.directory / re.sub(r"[^\w.]+", "-", f"site-{name}")
        directory.mkdir()
        super().__init__(stage.processes, stage.program, directory, list(arguments))
        self.tls_port, self.spoken = stage.fronts.before(self.port)

    def base(self, way):
        return f"https://127.0.0.1:{self.tls_port}" if way.tls else f"http://127.0.0.1:{self.port}"

    def mark(self):
        """Where the log ends now."""
        return self.log.stat().st_size

    def asked(self, path, mark):
        """The status of each GET of `path` that has reached the site since the mark."""
        self.wait_for_log()
        return self.reached(path, mark)

    def asked_at_all(self, mark):
        """From path to the status of each GET that has reached the site since the mark."""
        self.wait_for_log()
        lines = self.log.read_bytes()[mark:].decode().rpartition("\n")[0]
        reached = {}
        for path, status in re.findall(r"^GET (\S+) (\d+) ", lines, re.M):
            if not path.startswith("/probe-"):
                reached.setdefault(path, []).append(int(status))
        return reached


class Stage:
    """What each judge is given."""

    def __init__(self, processes, directory, program):
        self.processes, self.directory, self.program, self.report = processes, directory, program, None
        self.certificate = Certificate(directory)
        self.fronts = Fronts(self.certificate)
        # The site's own routes, and below them those of the judges.
        self.policies = directory / "policies.toml"
        own = (site_example.ROOT / "examples" / "site" / "policies.toml").read_text()
        self.policies.write_text(own + (HERE / "policies.toml").read_text())

    def for_one_judge(self):
        """With a report of its own."""
        own = copy.copy(self)
        own.report = Report()
        return own

    def site(self, name, *arguments):
        return Site(self, name, arguments)

    def site_of_short_lives(self, name):
        """The site with the routes of `policies.toml`, and the articles that they are for."""
        site = Site(self, name, ["--policies", self.policies])
        for number in range(10, 20):
            site.put(f"/articles/{number}", "old")
        return site

    def trusting(self):
        """What a client of Python is to trust. One for each, for a client writes its versions into it."""
        return ssl.create_default_context(cafile=self.certificate.authority)

    def versioned(self):
        """From the name of each file of the front page to its URL."""
        command = [self.program, "--print-manifest"]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return {name: url for name, _, url, _ in map(str.split, printed.splitlines()[1:])}

    def edges(self):
        """The names that `--edge` takes."""
        command = [self.program, "--edge", "nobody"]
        printed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        if not (found := re.search(r"use one of ([\w, ]+)", printed)):
            raise RuntimeError(f"the site does not name its edges: {printed}")
        return found[1].split(", ")
