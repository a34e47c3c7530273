"""Pictures of formulas read as formulas."""

from __future__ import annotations

import pytest

from qa.formula_images import with_formulas


@pytest.mark.parametrize(
    ("picture", "formula"),
    [
        ("![[公式]](https://www.zhihu.com/equation?tex=W_i)", "$W_i$"),
        ("![公式](https://www.zhihu.com/equation?tex=P%28w_i%7C+w_1%29)", "$P(w_i| w_1)$"),
        ("![](//math.jianshu.com/math?formula=f(x))", "$f(x)$"),
        ('![x](https://latex.codecogs.com/gif.latex?x^2 "square")', "$x^2$"),
        ('<img src="https://www.zhihu.com/equation?tex=a%2B+b" alt="a+ b" eeimg="1">', "$a+ b$"),
        ("<img alt='x' src='//latex.codecogs.com/svg.latex?\\inline&space;x&plus;1'/>", "$x+1$"),
        (
            '<a href="http://www.codecogs.com/eqnedit.php?latex=\\dpi{120}&space;\\fn_cs&space;h^{(t)}=f(h^{(t-1)};\\theta)">'
            '<img src="../_assets/公式.png" height="" /></a>',
            "$h^{(t)}=f(h^{(t-1)};\\theta)$",
        ),
        ('<img src="https://www.zhihu.com/equation?tex=a&lt;b&amp;c">', "$a<b&c$"),
        ("![y](https://render.githubusercontent.com/render/math?math=y%3D1)", "$y=1$"),
    ],
)
def test_a_picture_of_a_formula_is_its_source(picture: str, formula: str) -> None:
    assert with_formulas(f"单词 {picture} 的上文") == f"单词 {formula} 的上文"


@pytest.mark.parametrize(
    "text",
    [
        "![图](img/equation.png)",
        "[link](https://www.zhihu.com/equation?tex=x)",
        "![公式](https://www.zhihu.com/equation?tex=)",
        "![公式](https://www.zhihu.com/equation?tex=%24%24)",
        '<img src="../_assets/公式.png">',
        '<a href="http://www.codecogs.com/eqnedit.php?latex=x">Codecogs</a>',
        "单词的上文",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert with_formulas(text) == text
