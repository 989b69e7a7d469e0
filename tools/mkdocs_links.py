# Copyright The otelcol-cloudflare Authors
# SPDX-License-Identifier: Apache-2.0

"""Leads links out of docs/, which work in the repository, to the repository from the site."""

import re

OUTSIDE = re.compile(r"(\]\(|^\[[^\]]+\]: )\.\./", re.MULTILINE)


def on_page_markdown(markdown, page, config, files):
    return OUTSIDE.sub(rf"\g<1>{config.repo_url}/blob/main/", markdown)
