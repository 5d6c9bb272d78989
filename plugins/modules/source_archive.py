#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: source_archive
short_description: Pack an app's source into a deterministic archive
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Packs a local directory, or one commit of a git repository, into a C(tar.gz) that depends on nothing but the names,
    modes and contents of its files. The same source gives the same bytes, on every machine.
  - It returns the release id that the archive stands for. For a git commit that is C(<commit date, UTC>-<sha>), for a
    directory C(tree-<checksum>); both with 12 digits.
  - It runs where the source is, in general with C(delegate_to=localhost).
requirements:
  - git 2.31 or newer, for O(repository), and for a O(path) in a git work tree
options:
  path:
    description:
      - A local directory. It is packed as it is, with changes that are not committed. In a git work tree that is what
        git tracks, and new files that neither C(.gitignore) nor a C(.dockerignore) at the root ignores; so a clean work
        tree gives what its commit gives. Elsewhere C(node_modules), C(.next), C(dist) and what C(.dockerignore) names
        are left out.
      - What is ignored and yet named by a C(COPY) of a Dockerfile is packed, unless C(.dockerignore) forbids it.
      - O(dest) is left out when it is inside. RV(note) says what else was.
    type: path
  repository:
    description:
      - The URL or path of a git repository. Credentials in an http(s) URL are handed to git apart from the URL, in no
        argument list, and shown in no message. Better use SSH keys or a credential helper, which work as usual.
      - A work tree on this machine must be clean, since what is not committed would be missing.
      - git never asks for anything here.
      - Submodules go in at the commits that are pinned, also those with relative URLs. Credentials in the URL count for
        submodules of the same host; elsewhere SSH keys and credential helpers work as usual.
      - Files of Git LFS go in when C(git lfs) is installed; otherwise, and where the server does not have them, the
        module fails and names them.
    type: str
  revision:
    description:
      - The commit of O(repository). A full sha is taken as it is. A tag or branch is resolved to a sha when the module
        runs, so a branch means its newest commit at that moment. V(HEAD) and full names (C(refs/...)) work as well.
      - When a tag and a branch of one name differ, the module fails rather than guess. Short shas are not accepted.
      - With a full sha that is packed already, the repository is not contacted at all.
    type: str
  exclude:
    description:
      - Shell patterns of what to leave out, tracked or not. A pattern without a slash matches a name at any depth, one
        with a slash the whole path below the root. A directory that matches is left out with all it holds.
      - C(.git) is always left out.
    type: list
    elements: str
    default: []
  include:
    description:
      - Patterns, as for O(exclude), of what to pack although it is ignored or may hold secrets. Files named C(.env),
        C(.env.*) or C(.envrc) go in this way only, tracked or not (C(.env.example) and the like are no secrets).
    type: list
    elements: str
    default: []
  dest:
    description: The directory for the archives of this app. It is made, mode 0700, when it is missing.
    type: path
    required: true
  read:
    description: The path of a file below the source's root whose text to return.
    type: str
    default: ''
  keep:
    description: How many archives to keep in O(dest), the newest. Other files there are never removed.
    type: int
    default: 5
  timeout:
    description: Seconds for each git command.
    type: int
    default: 120
notes:
  - Files are packed with mode 0644, executable ones with 0755, owned by 0:0, time 0. Symbolic links are kept when they
    are relative and stay inside the source, otherwise the module fails. Empty directories are not packed.
attributes:
  check_mode:
    support: full
    description: Computes and returns everything, git is read into a temporary directory, nothing is written to O(dest).
  diff_mode:
    support: none
    description: The archive's name is the content's checksum; there is nothing more to show.
"""

EXAMPLES = r"""
- name: Pack the checked-out source
  izzzi.infra.source_archive:
    path: "{{ playbook_dir }}/../examples/app"
    dest: "{{ playbook_dir }}/../.cache/source"
  delegate_to: localhost
  become: false
  run_once: true
  register: source

- name: Pack a tag
  izzzi.infra.source_archive:
    repository: git@github.com:izzzi/izzzi.git
    revision: v1.4.2
    dest: ~/.cache/izzzi/source
  delegate_to: localhost
  become: false
  run_once: true
  register: source
"""

RETURN = r"""
archive:
  description: The path of the archive. In check mode it may not be there yet.
  returned: success
  type: str
  sample: /srv/infra/.cache/source/20260105-0f2c9a41d7b3.tar.gz
checksum:
  description: SHA-256 of the content, that is names, modes, link targets and bytes of all files.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
release:
  description: The release id.
  returned: success
  type: str
  sample: 20260105-0f2c9a41d7b3
left_out:
  description: What was left out, by reason (V(secret), V(exclude), V(git), V(made), V(docker)). Empty for a commit that
    is packed already.
  returned: success
  type: dict
  sample: {git: [node_modules/], secret: [.env]}
note:
  description: The same in words, with at most eight names for each reason.
  returned: success
  type: str
  sample: "Left out of the source: .env (may hold secrets; ...); node_modules/ (ignored by git)."
text:
  description: What the file that O(read) names holds; empty without one.
  returned: success
  type: str
revision:
  description: The full sha of the commit; empty for a directory.
  returned: success
  type: str
  sample: 0f2c9a41d7b3e2a1c4d5e6f708192a3b4c5d6e7f
"""

import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.git import Git, Remote
from ..module_utils._app.git_parts import fetch_objects, fetch_submodules, pointers_of, refuse_pointers
from ..module_utils._app.source import Cache, Label, SourceError, checksum, read_text, rules_digest
from ..module_utils._app.source_files import Rules, Selection, select, select_all


def rules_of(params: dict, cache: Cache) -> Rules:
    keep = [params["read"]] if params["read"] else []
    return Rules(params["exclude"], params["include"], keep, cache.directory)


def archive_directory(params: dict, cache: Cache, check_mode: bool) -> dict:
    selection = select(Path(params["path"]), rules_of(params, cache), params["timeout"])
    refuse_pointers(selection.entries, f"Run `git lfs pull` in {params['path']}, or leave them out by `exclude`.")
    label = Label(checksum(selection.entries))
    result = store(f"tree-{label.checksum[:12]}", selection.entries, label, cache, check_mode)
    return result | told(selection, params["read"])


def archive_commit(params: dict, cache: Cache, check_mode: bool) -> dict:
    git = Git(Remote.parse(params["repository"]), params["timeout"])
    git.refuse_dirty()
    sha = git.resolve(params["revision"])
    rules = rules_digest(params["exclude"], params["include"])
    if archive := cache.find(sha, rules):
        text = cache.read_text(archive, params["read"]) if params["read"] else ""
        return describe(archive, cache.label(archive), changed=False) | {"text": text, "left_out": {}, "note": ""}
    with tempfile.TemporaryDirectory(prefix="izzzi-source-") as directory:
        date = git.fetch(sha, Path(directory))
        selection = whole(git, Path(directory), rules_of(params, cache))
        label = Label(checksum(selection.entries), sha, rules)
        result = store(f"{date}-{sha[:12]}", selection.entries, label, cache, check_mode)
        return result | told(selection, params["read"])


def whole(git: Git, checkout: Path, rules: Rules) -> Selection:
    """A commit's files with those of its submodules and of Git LFS."""
    fetch_submodules(git, checkout)
    selection = select_all(checkout, rules)
    if pointers := pointers_of(selection.entries):
        fetch_objects(git, checkout, pointers)
        refuse_pointers(selection.entries, "`git lfs pull` did not bring them.")
    return selection


def told(selection: Selection, name: str) -> dict:
    """What the caller learns of a selection: the text of one file, and what is not there."""
    text = read_text(selection.entries, name) if name else ""
    return {"text": text, "left_out": selection.left_out, "note": selection.note()}


def store(release: str, entries: list, label: Label, cache: Cache, check_mode: bool) -> dict:
    archive = cache.path(release)
    missing = cache.label(archive) != label
    if missing and not check_mode:
        cache.store(release, entries, label)
    return describe(archive, label, changed=missing)


def describe(archive: Path, label: Label, changed: bool) -> dict:
    release = archive.name.removesuffix(".tar.gz")
    return {
        "changed": changed,
        "archive": str(archive),
        "checksum": label.checksum,
        "release": release,
        "revision": label.revision,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path"},
            "repository": {"type": "str"},
            "revision": {"type": "str"},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "include": {"type": "list", "elements": "str", "default": []},
            "dest": {"type": "path", "required": True},
            "read": {"type": "str", "default": ""},
            "keep": {"type": "int", "default": 5},
            "timeout": {"type": "int", "default": 120},
        },
        mutually_exclusive=[("path", "repository"), ("path", "revision")],
        required_one_of=[("path", "repository")],
        required_by={"revision": ["repository"], "repository": ["revision"]},
        supports_check_mode=True,
    )
    params = module.params
    if params["keep"] < 1 or params["timeout"] < 1:
        module.fail_json(msg="keep and timeout must be 1 or more.")
    cache = Cache(Path(params["dest"]).resolve())
    try:
        if params["path"]:
            result = archive_directory(params, cache, module.check_mode)
        else:
            # What the module returns repeats its arguments: hide the URL's credentials there too.
            module.no_log_values.update(Remote.parse(params["repository"]).secrets)
            result = archive_commit(params, cache, module.check_mode)
        if not module.check_mode:
            cache.prune(params["keep"], Path(result["archive"]))
    except SourceError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
