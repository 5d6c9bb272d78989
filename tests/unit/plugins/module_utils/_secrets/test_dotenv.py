# SPDX-License-Identifier: GPL-3.0-or-later
"""The .env format: round trip, Compose's own parser as the judge, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._secrets.dotenv import from_dotenv, to_dotenv
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)
# Any text, and text made of what the format gives a meaning.
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30) | st.lists(
    st.sampled_from(
        [*"\"'$\\#={}` \t\r\nan0", "${", "$A", "\\n", "$$", "\r\n", "é", "\u2028", "\xa0", "\ufeff", "export "]
    ),
    max_size=12,
).map("".join)
LITERALS = {
    "A": "$HOME ${B:-c} $$ $(id)",
    "B": "back\\slash\\",
    "C": " # no comment ",
    "D": 'it\'s "so"',
    "E": "",
    "F": "\r\n",
}


@given(st.dictionaries(names, values))
@example(LITERALS)
def test_every_text_comes_back(variables):
    assert from_dotenv(to_dotenv(variables)) == variables


@pytest.fixture(scope="module")
def compose(compose_config):
    """Gives the environments that Compose makes of .env texts: one service each, all in one call."""
    directory: Path = compose_config.directory

    def environments(texts: list[str]) -> list[dict[str, str]]:
        services = {}
        for number, text in enumerate(texts):
            (directory / f"{number}.env").write_bytes(text.encode())
            services[f"s{number}"] = {"image": "x", "env_file": [f"{number}.env"]}
        return [service.get("environment") or {} for service in compose_config({"services": services}).values()]

    def interpolated(text: str, names: list[str]) -> dict[str, str]:
        """What --env-file makes of ${NAME} in the Compose file."""
        service = {"image": "x", "environment": {name: f"${{{name}}}" for name in names}}
        return compose_config({"services": {"s": service}}, text)["s"]["environment"]

    environments.interpolated = interpolated
    return environments


ten_calls = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


@ten_calls
@given(texts=st.lists(values, min_size=50, max_size=200))
def test_compose_reads_the_same_from_env_file(compose, texts):
    variables = LITERALS | {f"V{number}": text for number, text in enumerate(texts)}
    assert compose([to_dotenv(variables)]) == [variables]


@ten_calls
@given(texts=st.lists(values, min_size=50, max_size=200))
def test_compose_interpolates_the_same_from_its_env_file_option(compose, texts):
    variables = LITERALS | {f"V{number}": text for number, text in enumerate(texts)}
    assert compose.interpolated(to_dotenv(variables), list(variables)) == variables


def accepted(text: str) -> bool:
    try:
        from_dotenv(text)
    except ValueError:
        return False
    return True


heads = st.sampled_from(["", "export ", "  ", "# comment\n", "\n"])
tails = st.sampled_from(["", "\n", " # comment\n", "\nX=1\n", "'", '"'])
env_texts = (
    st.tuples(heads, names, st.sampled_from(["=", " = ", '="', "='"]), values, tails).map("".join).filter(accepted)
)


@ten_calls
@given(texts=st.lists(env_texts, min_size=30, max_size=100))
def test_what_from_dotenv_accepts_it_reads_as_compose_does(compose, texts):
    assert compose(texts) == [from_dotenv(text) for text in texts]


def test_plain_values_stay_plain_and_others_are_quoted():
    variables = {"URL": "http://a:1/b?c", "PATH_": "/a/b-c_d.e", "PORT": 4000, "RATE": 0.5, "ON": True, "OFF": False}
    assert to_dotenv(variables) == ('URL="http://a:1/b?c"\nPATH_=/a/b-c_d.e\nPORT=4000\nRATE=0.5\nON=true\nOFF=false\n')
    assert to_dotenv({"A": 'say "$5"\n', "B": ""}) == 'A="say \\"\\$5\\"\\n"\nB=""\n'


def test_the_order_is_as_given_or_sorted():
    assert to_dotenv({"B": 1, "A": 2}) == "B=1\nA=2\n"
    assert to_dotenv({"B": 1, "A": 2}, sort=True) == "A=2\nB=1\n"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"1A": "x"}, "'1A' is not a name"),
        ({"A-B": "x"}, "'A-B' is not a name"),
        ({"A\n": "x"}, "is not a name"),
        ({"É": "x"}, "is not a name"),
        ({"": "x"}, "'' is not a name"),
        ({1: "x"}, "1 is not a name"),
        ({"A": None}, "A has no value"),
        ({"A": ["x"]}, "A is a list"),
        ({"A": {"b": 1}}, "A is a dict"),
        ({"A": b"x"}, "A is a bytes"),
        ({"A": "x\0y"}, "A has a NUL character"),
        ({"A": "\ud800"}, "A is not valid Unicode"),
        ("A=1", "needs a dictionary, not str"),
    ],
)
def test_what_has_no_env_text_is_refused_by_name(variables, message):
    with pytest.raises(ValueError, match=message):
        to_dotenv(variables)


def test_a_refusal_does_not_show_the_value():
    with pytest.raises(ValueError, match="PASSWORD") as caught:
        to_dotenv({"PASSWORD": "hunter22\0"})
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\nB\n", "line 2 is not NAME=value"),
        ("A=1\n1B=2\n", "line 2 is not NAME=value"),
        ('A="open\n', "line 1 is not NAME=value"),
        ("A='it' s'\n", "line 1 is not NAME=value"),
        ('\n\nA="$B"\n', "line 3, A: references"),
        ("A=$B\n", "line 1, A: references"),
        ('A="\\0123"\n', "line 1, A: octal"),
    ],
)
def test_what_is_not_understood_is_named_by_line(text, message):
    with pytest.raises(ValueError, match=message):
        from_dotenv(text)
