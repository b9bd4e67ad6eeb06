"""The explanation holds scripts, in each way that Markdown and formulas have: all of it is shown, none runs."""

SOURCES = {
    "why_factorise": r"""
<script>document.title = 'hostile'</script> <img src=x onerror="document.title = 'hostile'"> [here](javascript:alert(1))
[there][1] <a href="data:text/html,<script>alert(1)</script>">x</a>
$\href{javascript:alert(1)}{p(x)}$ <style>* {display: none}</style>
<iframe srcdoc="<script>parent.document.title = 'hostile'</script>"></iframe>
<svg/onload=alert(1)> <b onmouseover=alert(1)>x</b>
<form action="https://example.org"><input name=password></form> <meta http-equiv=refresh content="0; url=https://example.org">

[1]: JaVaScRiPt:alert(1)

```{raw} html
<script>document.title = 'hostile'</script>
```
""",
}
OUTCOME = "graded"
LOSES = ()
