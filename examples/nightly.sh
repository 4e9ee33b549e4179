#!/bin/sh
# One night's audit, for cron, a timer or by hand. What is audited, and how, stands in
# modelaudit.toml beside this file. It prints what is new, or why it failed; else nothing at all,
# so that cron sends no mail.
#
#     nightly.sh [OPTION...]      more options for `modelaudit audit`
set -u
cd "$(dirname "$0")" || exit 2
PATH=$PWD/.venv/bin:$PATH
if [ -r tokens.env ]; then  # HF_TOKEN=…, CIVITAI_API_KEY=…
  set -a
  . ./tokens.env
  set +a
fi

modelaudit audit --quiet --fail-on new --report-dir reports "$@"
code=$?

case $code in
  0) ;; # nothing new
  5) ;; # another run is still at it
  1)    # new findings, or some that rose
    echo "New in $PWD/reports/latest/report.html, the first 40:"
    awk -F '\t' '$7 != "unchanged" { print $2 "\t" $3 "\t" $9 "\t" $8 }' \
      reports/latest/findings.tsv | head -n 41
    ;;
  3) echo "Incomplete; the next night goes on from there. See $PWD/reports/last-run.json" ;;
  *)
    echo "modelaudit ended with $code; see $PWD/reports/last-run.json"
    exit "$code"
    ;;
esac
