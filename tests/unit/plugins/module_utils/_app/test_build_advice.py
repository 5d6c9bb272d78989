# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.build_advice import MOUNT, advice

NPM = "npm error code SELF_SIGNED_CERT_IN_CHAIN"


@pytest.mark.parametrize(
    ("step", "said", "line"),
    [
        ("[build 3/5] RUN npm ci", NPM, f"RUN {MOUNT} export NODE_EXTRA_CA_CERTS=/run/ca.pem && npm ci"),
        (
            "[3/5] RUN --mount=type=cache,target=/root/.npm npm ci && npm run build",
            "request failed, reason: unable to get local issuer certificate",
            f"RUN --mount=type=cache,target=/root/.npm {MOUNT} export NODE_EXTRA_CA_CERTS=/run/ca.pem"
            " && npm ci && npm run build",
        ),
        (
            "[2/3] RUN pip install -r requirements.txt",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
            f"RUN {MOUNT} export PIP_CERT=/run/ca.pem && pip install -r requirements.txt",
        ),
        (
            "[2/3] RUN go mod download",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            f"RUN {MOUNT} export SSL_CERT_FILE=/run/ca.pem && go mod download",
        ),
        (
            '[2/3] RUN ["npm", "ci"]',
            NPM,
            f"RUN {MOUNT} export NODE_EXTRA_CA_CERTS=/run/ca.pem && ...",
        ),
        ("RUN yarn", NPM, f"RUN {MOUNT} export NODE_EXTRA_CA_CERTS=/run/ca.pem && yarn"),
        ("", NPM, f"RUN {MOUNT} export SSL_CERT_FILE=/run/ca.pem && ..."),
    ],
)
def test_a_proxy_with_a_ca_of_its_own_is_told_with_the_line(step, said, line):
    told = advice(step, ["fetching", said])
    assert told.splitlines()[-1] == f"  {line}"
    assert "app_build_ca_bundle" in told


@pytest.mark.parametrize("said", ["npm error 404", "error: certificate of participation not found", ""])
def test_other_failures_need_no_advice(said):
    assert advice("[3/5] RUN npm ci", [said]) == ""
