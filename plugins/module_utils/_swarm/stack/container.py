# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a declared service to the ContainerSpec of its tasks, with its secrets and configs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._app.clients import ENVIRONMENT
from ..._app.images import Image
from ..._app.values import SpecError, healthcheck, literal, mounts, nanoseconds, pairs, words
from ..._app.variables import VariableError, interpolate, names
from ..labels import APP, SERVICE
from .model import Bundle, Stack, content_name


def container_spec(stack: Stack, result: Bundle, name: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    image = stack.images[name]
    plain, secret = container_environment(stack, declared)
    entrypoint, command = _program(image, declared)
    health = _health(declared, image)
    if not stack.start_interval:
        health.pop("StartInterval", None)
    files = [*_files(stack, result.secrets, stack.secret_files, declared.get("secrets"), "/run/secrets/", "Secret")]
    if secret:
        script = environment_script(secret)
        full = content_name(stack.project, f"{name}_environment", script)
        result.secrets[full] = script
        files.append({"SecretName": full, "File": _file(ENVIRONMENT)})
        program = [*(entrypoint or image.entrypoint), *command]
        entrypoint, command = sourced(program)
        health = health | ({"Test": _sourced_test(health["Test"])} if health.get("Test", ["NONE"]) != ["NONE"] else {})
    config = [*_files(stack, result.configs, stack.config_files, declared.get("configs"), "/", "Config")]
    optional = {
        "Command": entrypoint,
        "Args": command,
        "Env": sorted(f"{key}={literal(value)}" for key, value in plain.items()),
        "Dir": declared.get("working_dir"),
        "User": str(declared["user"]) if "user" in declared else None,
        "Hostname": literal(declared["hostname"]) if "hostname" in declared else None,
        "Mounts": mounts(declared, stack.project, stack.volumes),
        "StopGracePeriod": nanoseconds(declared.get("stop_grace_period", "10s")),
        "StopSignal": declared.get("stop_signal"),
        "Healthcheck": health,
        "Hosts": [_host(item) for item in declared.get("extra_hosts") or []],
        "Secrets": files,
        "Configs": config,
        "Init": declared.get("init"),
        "ReadOnly": declared.get("read_only"),
        "TTY": declared.get("tty"),
        "CapabilityAdd": declared.get("cap_add"),
        "CapabilityDrop": declared.get("cap_drop"),
        "Sysctls": pairs(declared.get("sysctls")),
        "Ulimits": [_ulimit(key, value) for key, value in (declared.get("ulimits") or {}).items()],
    }
    labels = {**pairs(declared.get("labels")), APP: stack.project, SERVICE: name}
    return {"Image": image.reference, "Labels": labels} | {key: value for key, value in optional.items() if value}


def _program(image: Image, declared: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return entrypoint and command; what is declared hides the image's, as in Compose."""
    entrypoint, command = words(declared.get("entrypoint")), words(declared.get("command"))
    return entrypoint, command or ([] if "entrypoint" in declared else list(image.command))


def sourced(program: list[str]) -> tuple[list[str], list[str]]:
    if not program:
        raise SpecError("the image says nothing about what to run: declare `command`.")
    return ["/bin/sh", "-c", f'. {ENVIRONMENT} && exec "$@"', program[0]], program


def _sourced_test(test: list[str]) -> list[str]:
    """Let a health check read the environment too: it does not inherit what the program read."""
    if test[0] == "CMD-SHELL":
        return ["CMD-SHELL", f". {ENVIRONMENT} && {test[1]}"]
    return ["CMD", *sourced(test[1:])[0], *test[1:]]


def _health(declared: Mapping[str, Any], image: Image) -> dict[str, Any]:
    """Return what is declared, else nothing where the image has its own, else the first check, asked by any client."""
    if "healthcheck" in declared:
        return healthcheck(declared["healthcheck"])
    if image.has_healthcheck or not declared.get("port"):
        return {}
    path = next((check["path"] for check in declared.get("checks") or []), "/")
    url = f"http://127.0.0.1:{declared['port']}{path}"
    # Not fetch(), which takes twice the processor time, every few seconds.
    answered = "r => process.exit(r.statusCode < 400 ? 0 : 1)"
    node = f"node -e \"require('http').get('{url}', {answered}).on('error', () => process.exit(1))\""
    test = f"wget -q -O /dev/null {url} || curl -fsS -o /dev/null {url} || {node}"
    # Patient, because a busy machine makes every task late at once, and Swarm ends all that it finds unhealthy.
    # Often only at the start, for which releases wait: each look starts a program in the container.
    patient = {"interval": "5s", "timeout": "10s", "retries": 6, "start_period": "30s", "start_interval": "1s"}
    return healthcheck({"test": test, **patient})


def _files(stack: Stack, found: dict, known: Mapping[str, str], asked: Any, folder: str, kind: str):
    """Yield references to secrets or configs, and note their contents in `found` under content-addressed names."""
    for item in asked or []:
        item = {"source": item} if isinstance(item, str) else item
        if item["source"] not in known:
            raise SpecError(f"{kind.lower()} {item['source']!r} is not declared.")
        content = known[item["source"]].encode()
        full = content_name(stack.project, item["source"], content)
        found[full] = content
        target = item.get("target") or item["source"]
        target = target if target.startswith("/") else folder + target
        yield {f"{kind}Name": full, "File": _file(target, item.get("mode", 0o444), item.get("uid", 0))}


def _file(target: str, mode: Any = 0o444, owner: Any = 0) -> dict[str, Any]:
    """Describe a file that whoever the container runs as may read; nobody else gets into the container."""
    return {"Name": target, "UID": str(owner), "GID": "0", "Mode": int(str(mode), 8) if isinstance(mode, str) else mode}


def container_environment(stack: Stack, declared: Mapping) -> tuple[dict[str, str], dict[str, str]]:
    """Return plain variables, and those that hold a secret."""
    plain, secret = {}, {}
    for key, text in pairs(declared.get("environment")).items():
        values = {**stack.variables, **stack.secrets}
        if text is None and key not in values:
            continue
        text = f"${{{key}}}" if text is None else text
        (secret if names(text) & set(stack.secrets) else plain)[key] = resolved(f"environment.{key}", text, values)
    return plain, secret


def resolved(key: str, value: Any, values: Mapping[str, Any]) -> Any:
    try:
        return interpolate(value, values)
    except VariableError as error:
        raise SpecError(f"{key}: {error}") from error


def environment_script(values: Mapping[str, str]) -> bytes:
    """Write what a shell in the container reads before the program starts: no service's definition shows it."""
    quoted = {key: value.replace("'", "'\\''") for key, value in values.items()}
    return "".join(f"export {key}='{quoted[key]}'\n" for key in sorted(quoted)).encode()


def _host(item: str) -> str:
    """Make a line of /etc/hosts of `name:address`."""
    name, _colon, address = str(item).replace("=", ":", 1).partition(":")
    return f"{address} {name}"


def _ulimit(name: str, value: Any) -> dict[str, Any]:
    soft, hard = (value["soft"], value["hard"]) if isinstance(value, Mapping) else (value, value)
    return {"Name": name, "Soft": int(soft), "Hard": int(hard)}
