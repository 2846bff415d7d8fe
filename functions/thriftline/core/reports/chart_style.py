"""What all charts of the pages share: the page's own colours, and no script."""

from xml.etree.ElementTree import Element

from pygal.style import Style

# The page's variables, so that a chart turns dark with the page.
STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="var(--soft)",
    foreground_strong="var(--soft)",
    foreground_subtle="var(--line)",
    colors=("var(--series-1)", "var(--series-2)", "var(--series-3)", "var(--series-4)"),
    font_family="inherit",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    title_font_size=13,
    opacity="1",
    opacity_hover="1",
    transition="0s",
    guide_stroke_dasharray="0",
    major_guide_stroke_dasharray="0",
)


def without_script(root: Element) -> Element:
    """Takes script elements and comments out of a drawn chart."""
    for parent in root.iter():
        for child in list(parent):
            # pygal puts its settings and its addresses in, for a script that is not there.
            if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] == "script":
                parent.remove(child)
    return root
