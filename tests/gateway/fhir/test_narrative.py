"""What a narrative may hold, and what it must not."""

from __future__ import annotations

import pytest

from gateway.fhir.narrative import check_narrative

HEAD = '<div xmlns="http://www.w3.org/1999/xhtml">'


@pytest.mark.parametrize(
    "content",
    [
        "text",
        "<p class='a' style='color: red' title='t'>a <b>b</b> <i>c</i><br/></p>",
        "<table border='1'><thead><tr><th colspan='2'>a</th></tr></thead><tbody/></table>",
        "<a href='https://a.org/b'>a</a><a name='c'/><a href='#c'>c</a><a href='Patient/1'>d</a>",
        "<img src='#pic' alt='p'/>",
        "<img src='data:image/png;base64,AA=='/>",
        "<ul><li>a</li></ul><h2>b</h2><pre>c</pre><blockquote>d</blockquote>",
        "a&#160;b &amp; c &lt; d",
        "a&nbsp;b",
        "<!-- a --> b",
        "<span xml:lang='en' lang='en'>x</span>",
    ],
)
def test_may(content: str) -> None:
    assert check_narrative(f"{HEAD}{content}</div>") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "  \n",
        "<p/>",
        "<!-- only this -->",
        "a<script>x()</script>",
        "a<SCRIPT>x()</SCRIPT>",
        "a<p onclick='x()'>b</p>",
        "a<p ONMOUSEOVER='x()'>b</p>",
        "a<iframe src='https://a.org'/>",
        "a<object data='x'/>",
        "a<embed src='x'/>",
        "a<form action='x'><input/></form>",
        "a<link rel='stylesheet' href='https://a.org/a.css'/>",
        "a<base href='https://a.org'/>",
        "a<meta charset='utf-8'/>",
        "a<video src='x'/>",
        "a<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>",
        "<a href='javascript:x()'>a</a>",
        "<a href=' JavaScript:x()'>a</a>",
        "<a href='java&#10;script:x()'>a</a>",
        "<a href='vbscript:x'>a</a>",
        "<img src='data:text/html;base64,AA=='/>",
        "<p style='background: url(https://a.org/x)'>a</p>",
        "<style>p { color: red }</style>a",
        "<p>a",
        "a & b",
        "<?php x ?>a",
        "<![CDATA[<script>]]>",
    ],
)
def test_must_not(content: str) -> None:
    (problem,) = check_narrative(f"{HEAD}{content}</div>") or ()
    assert problem.severity == "error"


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "",
        "text",
        "<div>no namespace</div>",
        '<p xmlns="http://www.w3.org/1999/xhtml">no div</p>',
        f'<!DOCTYPE div [<!ENTITY a "b">]>{HEAD}&a;</div>',
        f"{HEAD}a</div>{HEAD}b</div>",
        HEAD * 300 + "a" + "</div>" * 300,
    ],
)
def test_is_none(value: object) -> None:
    assert check_narrative(value)
