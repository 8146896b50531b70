"""What a run shows: figures, the HTML report and the tables on the terminal.

Nothing here computes a result; figures take small arrays that the analysis computed. matplotlib, jinja2 and
rich are imported where they are
used. See docs/outputs.md.
"""
