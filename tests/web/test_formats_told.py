"""The help and the README tell what the code does with each column of each file."""

import re

from booklib.transfer.recognise import known_formats
from booklib.transfer.told import readme_table, told_formats
from tests.processes import ROOT
from tests.web.conftest import page_of

START, END = "<!-- formats -->\n", "\n<!-- /formats -->"


def test_the_readme_lists_every_format_and_each_of_its_columns():
    readme = (ROOT / "README.md").read_text("utf-8")
    told = readme.partition(START)[2].partition(END)[0]
    assert told == readme_table(), "python -m tests.web.test_formats_told writes it anew"


def test_every_column_is_told_once():
    for form, told in zip(known_formats(), told_formats(), strict=True):
        names = [*told.noted, *(name for _, some in told.kept + told.left_out for name in some)]
        assert sorted(names) == sorted(form.columns)


async def test_the_help_page_lists_the_same(visitor):
    answer = await visitor.get("/help/formats")
    page = await page_of(answer)
    assert answer.status_code == 200
    for form in known_formats():
        [part] = re.findall(rf'<h2 id="{form.name}">.*?(?=<h2 id=|</article>)', page, re.DOTALL)
        assert part.count("<code>") == len(form.columns)


if __name__ == "__main__":
    path = ROOT / "README.md"
    before, _, rest = path.read_text("utf-8").partition(START)
    path.write_text(before + START + readme_table() + END + rest.partition(END)[2], "utf-8")
