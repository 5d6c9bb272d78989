# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of the same name, which does all of the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: generated_secrets
short_description: Generate secrets once into a vault-encrypted file
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Makes sure that a vault-encrypted YAML file on the controller has a value for each declared secret. A missing one
    is generated; an existing one is never changed, whatever its declaration says, unless O(rotate) names
    it. Other variables and comments in the
    file are kept.
  - The file is encrypted with the vault password of the run (C(vault_password_file), C(--vault-id), ...). An existing
    file stays encrypted with the password that opened it.
  - No value is ever printed or returned, only names. Read the values with M(ansible.builtin.include_vars) and
    C(no_log).
  - Where the environment variable E(IZZZI_VAULT_READ_ONLY) is set, as on a runner of CI, a missing secret is an error.
  - The file is replaced at once, mode 0600, under a lock, so that two runs at a time do not lose each other's secrets.
options:
  path:
    description:
      - The vault-encrypted file. A relative path begins at the playbook's directory.
      - Its directory must exist. A symbolic link is followed.
    type: path
    required: true
  secrets:
    description:
      - The secrets by variable name, each with its options. An empty dictionary takes all defaults.
      - C(length) is an integer from 16 to 1024, by default 32, of characters (C(kind=password)) or bytes (C(kind=key)).
      - C(charset) is V(alnum) (default), V(hex), V(base64url) or V(ascii). A password has at least one character of
        each class of its set (lower case, upper case, digits, punctuation). No set has quotes, blanks, C($), C(#),
        backslash or braces. V(ascii) values must be URL-encoded where they become part of a URL.
      - C(kind) is V(password) (default) or V(key), random bytes in standard base64 (C(charset) has no meaning then).
    type: dict
    required: true
  rotate:
    description: Names among O(secrets) that get a new value although they have one. Their old values are gone.
    type: list
    elements: str
    default: []
  vault_id:
    description:
      - The vault identity to encrypt a new file with. By default that of C(vault_encrypt_identity), or the first one.
      - Not used for a file that exists.
    type: str
attributes:
  action:
    support: full
    description: It runs on the controller and never connects to the target.
  check_mode:
    support: full
    description: >-
      Nothing is written. The missing secrets are returned as C(ansible_facts) with placeholders for values, so that
      later templates render. These facts only ever hold placeholders, and exist in check mode only.
  diff_mode:
    support: full
    description: Shows names, never values.
seealso:
  - module: ansible.builtin.include_vars
"""

EXAMPLES = r"""
- name: Generate the missing secrets
  izzzi.infra.generated_secrets:
    path: "{{ inventory_dir }}/group_vars/all/vault.yml"
    secrets:
      vault_app_postgres_password: {}
      vault_app_jwt_secret:
        length: 64
        charset: base64url
      vault_app_encryption_key:
        kind: key
  run_once: true

- name: Read the secrets
  ansible.builtin.include_vars:
    file: "{{ inventory_dir }}/group_vars/all/vault.yml"
  no_log: true
"""

RETURN = r"""
path:
  description: The absolute path of the vault-encrypted file.
  returned: success
  type: str
  sample: /srv/infra/inventories/production/group_vars/all/vault.yml
generated:
  description: The names of the secrets that were missing, and were (in check mode would be) generated.
  returned: success
  type: list
  elements: str
  sample: [vault_app_jwt_secret]
kept:
  description: The names of the secrets that the file had already.
  returned: success
  type: list
  elements: str
  sample: [vault_app_postgres_password]
ansible_facts:
  description: A placeholder for each missing secret. Never a real value.
  returned: in check mode
  type: dict
  sample:
    vault_app_jwt_secret: placeholder-vault_app_jwt_secretxxxxxxxx
"""
