# SPDX-License-Identifier: Apache-2.0
# Certificates that are renewed, authorities, lists of revoked certificates and the policy are read
# again while the bridge runs: when the files change, as they do in a Kubernetes volume, and on
# SIGHUP. Who is connected stays, and what cannot be used leaves all as it was.
. "$(dirname -- "$0")/../lib.sh"
. "$src/tests/certificates.sh"
need openssl python3
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$src/tests/hostile"

authority ca
authority other
days=2
for name in first second third; do
  certificate "$name" ca /CN=bridge 'subjectAltName=DNS:localhost' "$days"
  days=$((days + 1))
done
certificate alice ca /CN=alice 'extendedKeyUsage=clientAuth'
certificate carol ca /CN=carol 'extendedKeyUsage=clientAuth'
certificate bob other /CN=bob 'extendedKeyUsage=clientAuth'
revocations ca-all-good ca
revocations ca-without-alice ca alice
revocations other-all-good other
expect_status 0 "$bin/gpu-lease" keygen "$tmp/key.jwk"
expect_status 0 "$bin/gpu-lease" mint --key "$tmp/key.jwk" --subject ci
cp -- "$tmp/stdout" "$tmp/ticket"

expect_usage_error "$bin/gpu-bridge-host" --mock --listen tls:127.0.0.1:564 --tls-cert "$tmp/first.pem" \
  --tls-key "$tmp/first.key" --tls-client-crl "$tmp/ca-all-good.pem"
expect_stderr '--tls-client-crl needs --tls-client-ca'
expect_usage_error "$bin/gpu-bridge-host" --mock --listen tls:127.0.0.1:564 --tls-cert "$tmp/first.pem" \
  --tls-key "$tmp/first.key" --tls-client-ca "$tmp/ca.pem" --tls-client-crl "$tmp/ca.pem"
expect_stderr "$tmp/ca.pem: no PEM list of revoked certificates"

cat >"$tmp/reload.py" <<'PYTHON'
import json, os, pathlib, shutil, signal, socket, ssl, subprocess, sys, time
import ninep
from lane import Lane
from tls import Tls

host, folder = sys.argv[1], pathlib.Path(sys.argv[2])
volume = folder / "volume"
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
tls = Tls(port, folder, 0)
generation = 0


def put(certificate, key, authorities, revoked):
    """Another content of the volume, all at once as the kubelet does it."""
    global generation
    generation += 1
    fresh = volume / f"..{generation}"
    fresh.mkdir(parents=True)
    shutil.copy(folder / f"{certificate}.pem", fresh / "tls.crt")
    shutil.copy(folder / f"{key}.key", fresh / "tls.key")
    for name, parts in (("ca.crt", authorities), ("crl.pem", revoked)):
        (fresh / name).write_text("".join((folder / f"{part}.pem").read_text() for part in parts))
    os.symlink(fresh.name, volume / "..new")
    os.rename(volume / "..new", volume / "..data")


def put_policy(text):
    (folder / "policy.new").write_text(text)
    os.rename(folder / "policy.new", folder / "policy.json")


def policy(role, keys):
    return json.dumps({"schema": "gpu-lane-policy/v1", "keys": keys, "certificates": [
        {"name": f"subject:CN={name}", "subject": name, "role": role}
        for name in ("alice", "bob", "carol")]})


def served():
    """Which certificate the bridge shows now."""
    with tls.connect() as connection:
        shown = connection.getpeercert(True)
    for name in ("first", "second", "third"):
        if ssl.PEM_cert_to_DER_cert((folder / f"{name}.pem").read_text()) == shown:
            return name
    return None


def gets_in(certificate):
    try:
        with ninep.session(lambda: tls.connect(certificate=certificate)):
            return True
    except (ssl.SSLError, OSError, AttributeError, ninep.Malformed):
        return False


def leases(certificate="alice"):
    """Whether this one gets a lease, as a worker does and an observer does not."""
    try:
        with Lane(lambda: tls.connect(certificate=certificate)) as lane:
            return lane.lease()[0] == "OK"
    except ninep.RemoteError:
        return False


def metric(name):
    with ninep.session(str(folder / "socket")) as session:
        for line in session.read_all("/metrics").decode().splitlines():
            if line.startswith(f"gpu_lane_{name} "):
                return int(line.split()[1])
    return None


def is_told_until(certificate):
    shown = subprocess.run(["openssl", "x509", "-in", folder / f"{certificate}.pem", "-noout", "-enddate"],
                           capture_output=True, check=True, text=True).stdout
    return metric("tls_certificate_expiry_seconds") == ssl.cert_time_to_seconds(
        shown.strip().split("=", 1)[1])


def ticket_is_good():
    try:
        with ninep.session(str(folder / "socket"), aname=(folder / "ticket").read_text().strip()):
            return True
    except ninep.RemoteError:
        return False


def said(text):
    return (folder / "log").read_text().count(text)


def until(holds, what):
    deadline = time.monotonic() + 30
    while not holds():
        assert bridge.poll() is None and time.monotonic() < deadline, \
            f"in vain: {what}: {(folder / 'log').read_text()}"
        time.sleep(0.05)


def hangup():
    bridge.send_signal(signal.SIGHUP)


put("first", "first", ["ca"], ["ca-all-good"])
for name in ("tls.crt", "tls.key", "ca.crt", "crl.pem"):
    os.symlink(f"..data/{name}", volume / name)
put_policy(policy("worker-gpu", []))
log = open(folder / "log", "w", encoding="utf-8")
bridge = subprocess.Popen(
    [host, "--mock", "--listen", f"unix:{folder}/socket", "--listen", f"tls:127.0.0.1:{port}",
     "--policy", f"{folder}/policy.json", "--tls-cert", f"{volume}/tls.crt", "--tls-key",
     f"{volume}/tls.key", "--tls-client-ca", f"{volume}/ca.crt", "--tls-client-crl",
     f"{volume}/crl.pem"], stderr=log)
try:
    until(lambda: said("listening on") == 2, "it listens")
    assert served() == "first" and is_told_until("first") and metric("files_unusable") == 0
    old = Lane(tls)
    granted, lease = old.lease(ttl_s=300)
    assert granted == "OK"

    def old_goes_on():
        reply = old.ctl(f"RENEW lease={lease['lease']} ttl_s=300")
        assert reply.startswith("OK RENEW"), reply

    # Renewed, and nobody says so.
    put("second", "second", ["ca"], ["ca-all-good"])
    until(lambda: served() == "second", "the renewed certificate")
    old_goes_on()

    # A key that is not the certificate's: said once, however often it is looked at.
    put("third", "second", ["ca"], ["ca-all-good"])
    hangup()
    until(lambda: said("certificates of TLS not usable") == 1, "a line about the key")
    assert said(f"{volume}/tls.key: no key of this certificate") == 1
    assert served() == "second" and is_told_until("second") and gets_in("alice")
    assert metric("files_unusable") == 1
    old_goes_on()
    put("third", "third", ["ca"], ["ca-all-good"])
    until(lambda: served() == "third", "the pair that fits")
    assert said("certificates of TLS not usable") == 1, (folder / "log").read_text()
    assert is_told_until("third") and metric("files_unusable") == 0

    # Another authority, and a certificate that is taken back.
    assert not gets_in("bob")
    put("third", "third", ["ca", "other"], ["ca-all-good", "other-all-good"])
    hangup()
    until(lambda: gets_in("bob"), "the other authority's")
    assert gets_in("alice")
    put("third", "third", ["ca", "other"], ["ca-without-alice", "other-all-good"])
    hangup()
    until(lambda: not gets_in("alice"), "the revoked one refused")
    assert gets_in("carol") and gets_in("bob")
    old_goes_on()

    # The policy: broken, of one who was a worker and is an observer, and with a key for tickets.
    assert leases("carol") and not ticket_is_good()
    put_policy("{")
    hangup()
    until(lambda: said("policy not usable") == 1, "a line about the policy")
    assert leases("carol")
    # It is there before its key is.
    put_policy(policy("observer", ["key.jwk.pub"]))
    os.rename(folder / "key.jwk.pub", folder / "away")
    hangup()
    until(lambda: said("policy not usable") == 2, "a line about the key")
    assert leases("carol")
    os.rename(folder / "away", folder / "key.jwk.pub")
    # Not by presenting the ticket: who fails too often waits.
    until(lambda: not leases("carol"), "the new policy")
    assert ticket_is_good()
    old_goes_on()
    old.close()
    bridge.send_signal(signal.SIGTERM)
    assert bridge.wait(timeout=30) == 0
finally:
    bridge.kill()
PYTHON
run python3 "$tmp/reload.py" "$bin/gpu-bridge-host" "$tmp"
cat "$tmp/stderr"
cat "$tmp/log"
[ "$status" -eq 0 ] || fail 'not read again as it should be'
