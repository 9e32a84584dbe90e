#!/usr/bin/env bash
# Put the Book Library on AWS, or bring what is there up to date. Run twice, it changes nothing.
#
#   ./deploy/deploy.sh ENV [Parameter=Value ...]    everything; infra/app.yaml tells the parameters,
#                                                   and each stays as it is until it is given again
#   ./deploy/deploy.sh ENV --code-only              only the program and its static files
#   ./deploy/deploy.sh ENV --delete [--yes]         remove the program; books and readers stay
#   ./deploy/deploy.sh ENV --delete --with-data     remove everything, for good
#
# ENV names an installation, such as dev or prod. The aws command line tells account and region;
# AWS_PROFILE and AWS_REGION choose others. The last line printed is the address.
set -euo pipefail
CDPATH="" cd "$(dirname "${BASH_SOURCE[0]}")/.."
. deploy/setup.sh
. deploy/account.sh
. deploy/stacks.sh
. deploy/uploads.sh
. deploy/remove.sh

read_arguments "$@"
check_account
bucket=book-library-deployment-$region-$account
data_stack=BookLibrary-$env-data
app_stack=BookLibrary-$env
changed=false static_sent=""
say "Account $account, region $region, environment $env"

if [ "$mode" = delete ]; then
    remove_all
    exit
fi
before=$(parameters_of "$app_stack")
if [ "$mode" = code-only ] && [ -z "$before" ]; then
    fail "There is no stack $app_stack in $region yet: please deploy without --code-only first." \
        "(Was it deployed into another region? AWS_REGION=... names it.)"
fi
runtime=$(setting Runtime "$before")
architecture=$(setting Architecture "$before")

# The program's own environment, as deploy/local.sh makes it, and a folder that goes when this ends.
if ! venv_is_ready .venv "$(fingerprint deploy/requirements.txt pyproject.toml)"; then
    found=$(find_python python3 python3.13 python3.12 python3.11 python3.14)
    make_venv .venv "$found" deploy/requirements.txt
fi
fill_vendor .venv
python=.venv/bin/python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'say "Interrupted. What CloudFormation has begun it ends by itself; run this again then."; exit 130' INT TERM

# All that can fail on this machine comes before anything is changed in the account.
say "Building the package for $runtime on $architecture ..."
"$python" deploy/package.py --runtime "$runtime" --architecture "$architecture" "$scratch/package.zip"
[ "$mode" = code-only ] ||
    deploy/layer/build.sh --runtime "$runtime" --architecture "$architecture" "$scratch/layer.zip"

need_bucket
upload "$scratch/package.zip" packages
code_key=$key

if [ "$mode" = everything ]; then
    upload "$scratch/layer.zip" layers
    layer_key=$key

    deploy_stack "$data_stack" infra/data.yaml "Environment=$env"
    things=$(things_of "$data_stack")
    files=$(named FilesBucket "$things")
    secret=$(named SecretKey "$things")
    [ -n "${files:+$secret}" ] || fail "The stack $data_stack has no bucket or no secret."

    if [ -n "$before" ]; then
        things=$(things_of "$app_stack")
        upload_static "$things"
    fi
    deploy_stack "$app_stack" infra/app.yaml \
        "Environment=$env" "CodeBucket=$bucket" "CodeKey=$code_key" "LayerKey=$layer_key" \
        "FilesBucket=$files" "SecretKey=$secret" \
        "Runtime=$runtime" "Architecture=$architecture" ${parameters[@]+"${parameters[@]}"}
fi
things=$(things_of "$app_stack")
[ -n "$(named ApiFunction "$things")" ] ||
    fail "$app_stack has no functions yet: please deploy without --code-only."
upload_static "$things"
send_code "$code_key" "$scratch/package.zip"

address=$(address_of_site "$things")
smoke_test "$address"
[ "$changed" = true ] || say "Nothing has changed."
printf '%s\n' "$address"
