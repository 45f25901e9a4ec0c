"""Checks a built site: links lead to files and headings, pages load nothing from another host, sentences are whole.

Run as `python tools/docs/check_site.py build/site`. Links to other hosts are counted, not followed.
"""

import html.parser
import pathlib
import sys
import urllib.parse

LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}


class Page(html.parser.HTMLParser):
    """The addresses and the anchors of one page.

    Attributes:
        links: `(tag, attribute, address)` of every link and every loaded file.
        anchors: the set of all ids and names.
    """

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Notes what one tag refers to, and what it can be referred to by."""
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if name in ("href", "src") and value is not None:
                self.links.append((tag, name, value))


def cut_sections(text):
    """The sections of a reference page that say what is returned in several items, as pieces of one sentence.

    A function returns one value. The parser of docstrings makes an item of each line unless it is told otherwise.
    """
    for section in text.split('class="doc-section-title">')[1:]:
        name = section.partition(":")[0]
        if name in ("Returns", "Yields") and section.count('"doc-section-item') > 1:
            yield name


def problems(site):
    """`(messages, number of links, number of links to other hosts)` for the folder of a site."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    messages, total, outside = [], 0, 0
    for path, page in pages.items():
        for tag, attribute, address in page.links:
            total += 1
            parts = urllib.parse.urlsplit(address)
            if parts.scheme or parts.netloc:
                outside += 1
                if (tag, attribute) in LOADED and parts.scheme != "data":
                    messages.append(f"{path.relative_to(site)} loads {address}")
                continue
            if path.name == "404.html" and parts.path.startswith("/"):
                target = site / parts.path.lstrip("/")
            else:
                target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target = target / "index.html"
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists():
                messages.append(f"{path.relative_to(site)}: {address} leads to no file")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                messages.append(f"{path.relative_to(site)}: {address} leads to no heading")
    for path in sorted(site.glob("api/*.html")):
        cut = list(cut_sections(path.read_text(encoding="utf-8")))
        messages += [f"{path.relative_to(site)}: a section {name} has several items" for name in cut]
    for path in sorted(site.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        if "url(http" in text or "url(//" in text or "@import" in text:
            messages.append(f"{path.relative_to(site)} loads a file of another host")
    return messages, total, outside


if __name__ == "__main__":
    errors, count, external = problems(pathlib.Path(sys.argv[1]).resolve())
    print("\n".join(errors) or f"{count:,} links, {external:,} of them to other hosts: all others lead to something")
    sys.exit(bool(errors))
