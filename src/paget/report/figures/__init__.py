"""One module per figure, each with a function ``draw`` that returns a `paget.report.style.Drawing`."""
