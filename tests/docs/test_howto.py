"""The recipes of docs/howto: each configuration passes `check`, and the files of other programs work as printed."""

import grp
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from empath.cli import common
from empath.cli.empathd import empathd
from tests.docs.pages import ROOT, blocks, text
from tests.docs.placed import here, make_files
from tests.docs.test_setups import typed
from tests.kit.process import free_port
from tests.kit.waiting import DEADLINE_S

RECIPES = sorted(each.stem for each in (ROOT / "docs/howto").glob("*.md"))
HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
CERTBOT, LEGO = blocks("docs/howto/certificates.md", "sh")


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_recipe_has_no_findings(recipe):
    """
    A person copies it and expects it to be right.
    """
    [setup] = blocks(f"docs/howto/{recipe}.md", "toml")
    with tempfile.TemporaryDirectory(prefix="recipe-") as root, ExitStack() as stack:
        file = Path(root) / "empath.toml"
        file.write_text(here(typed(setup), Path(root)))
        make_files(file.read_text(), Path(root), stack)
        with CliRunner(env={"EMPATH_CONFIG": None}).isolation() as (_, err, _):
            code = common.run(empathd, "empathd", ["-c", str(file), "check"])
            assert (0, f"empathd: {file}: no findings\n") == (code, err.getvalue().decode())


def test_the_page_of_setups_names_every_recipe():
    """
    One table is where a reader looks for a setup.
    """
    assert [] == [recipe for recipe in RECIPES if f"(howto/{recipe}.md)" not in text("docs/SETUPS.md")]


@pytest.mark.parametrize("hook", [CERTBOT, LEGO], ids=["certbot", "lego"])
def test_a_hook_puts_the_new_certificate_in_its_place(hook, tmp_path):
    """
    It runs every two months, when nobody looks.
    """
    made, placed = tmp_path / "mail.example.org", tmp_path / "tls"
    made.mkdir()
    placed.mkdir()
    for name in ("privkey.pem", "fullchain.pem"):
        (made / name).write_text(f"new {name}")
        (placed / name).write_text("old")
    group = grp.getgrgid(os.getegid()).gr_name
    script = hook.replace("/etc/empath/tls", str(placed)).replace("-o root -g empath", f"-g {group}")
    names = {"RENEWED_LINEAGE": str(made), "LEGO_CERT_KEY_PATH": f"{made}/privkey.pem"}
    environment = os.environ | names | {"LEGO_CERT_PATH": f"{made}/fullchain.pem"}
    subprocess.run(["sh", "-c", script], env=environment, check=True, timeout=DEADLINE_S)
    assert {"privkey.pem": 0o640, "fullchain.pem": 0o640} == {
        each.name: each.stat().st_mode & 0o777 for each in placed.iterdir()
    }
    assert "new privkey.pem" == (placed / "privkey.pem").read_text()


def test_the_hook_of_certbot_leaves_other_certificates_alone(tmp_path):
    """
    certbot calls each hook for each certificate of the host.
    """
    script = CERTBOT.replace("/etc/empath/tls", str(tmp_path))
    environment = os.environ | {"RENEWED_LINEAGE": "/etc/letsencrypt/live/www.example.org"}
    subprocess.run(["sh", "-c", script], env=environment, check=True, timeout=DEADLINE_S)
    assert [] == [*tmp_path.iterdir()]


@pytest.mark.skipif(HAPROXY is None, reason="needs the Debian package haproxy")
def test_haproxy_takes_its_file(tmp_path):
    """
    `haproxy -c` reads it as a start would.
    """
    [configuration] = blocks("docs/howto/proxies.md", "haproxy")
    file = tmp_path / "haproxy.cfg"
    file.write_text(configuration)
    done = subprocess.run(
        [str(HAPROXY), "-c", "-f", file], capture_output=True, text=True, check=False, timeout=DEADLINE_S
    )
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(NGINX is None or not STREAM.exists(), reason="needs nginx-light and libnginx-mod-stream of Debian")
def test_nginx_takes_its_file(tmp_path):
    """
    `nginx -t` reads it as a start would, and binds the address, which is one of loopback here.
    """
    [configuration] = blocks("docs/howto/proxies.md", "nginx")
    file = tmp_path / "nginx.conf"
    head = f"load_module {STREAM};\nerror_log stderr;\npid {tmp_path}/pid;\nevents {{}}\n"
    file.write_text(head + configuration.replace("192.0.2.80:25", f"127.0.0.1:{free_port()}"))
    done = subprocess.run(
        [str(NGINX), "-t", "-p", tmp_path, "-c", file], capture_output=True, text=True, check=False, timeout=DEADLINE_S
    )
    assert 0 == done.returncode, done.stderr
