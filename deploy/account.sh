# What deploy/deploy.sh was asked for, and in which account; to be sourced by it.
# shellcheck shell=bash

usage() {
    sed -n '2,/^set /s/^# \{0,1\}//p' deploy/deploy.sh >&2
    fail "$@"
}

# What the script itself knows, and nobody has to say.
OURS='Environment|CodeBucket|CodeKey|LayerKey|FilesBucket|SecretKey'

# read_arguments: into env, mode, parameters, with_data and yes.
read_arguments() {
    local argument known
    env="" mode=everything with_data=false yes=false parameters=()
    for argument; do
        case $argument in
        --code-only | --delete)
            [ "$mode" = everything ] || usage "--code-only and --delete do not go together."
            mode=${argument#--}
            ;;
        --with-data) with_data=true ;;
        --yes) yes=true ;;
        -*) usage "There is no option $argument." ;;
        *=*) parameters+=("$argument") ;;
        *)
            [ -z "$env" ] || usage "One environment at a time: $env or $argument?"
            env=$argument
            ;;
        esac
    done
    [[ $env =~ ^[a-z][a-z0-9]{0,15}$ ]] || usage "Please name the environment, such as dev or prod:" \
        "lower-case letters and digits, at most 16, a letter first."
    [ "$mode" = delete ] || [ "$with_data$yes" = falsefalse ] || usage "--with-data and --yes go with --delete."
    [ "$mode" = everything ] || [ ${#parameters[@]} = 0 ] || usage "Parameters need a whole deployment."
    known=$(template_parameters infra/app.yaml | grep -vxE "$OURS")
    for argument in ${parameters[@]+"${parameters[@]}"}; do
        grep -qxF -- "${argument%%=*}" <<<"$known" || fail "There is no parameter ${argument%%=*}. There are:
$known"
    done
}
# check_account: find account and region, or say what is missing to get at them.
check_account() {
    local command answer
    for command in aws curl; do
        command -v "$command" >/dev/null || fail "The command $command is needed. (aws: see" \
            "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html)"
    done
    export AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off
    region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
    [[ $region =~ ^[a-z]{2,}(-[a-z]+)+-[0-9]+$ ]] || fail "Into which region? '$region' is none. Please set" \
        "one with  aws configure set region eu-central-1  or AWS_REGION=eu-central-1."
    export AWS_REGION=$region AWS_DEFAULT_REGION=$region
    answer=$(aws sts get-caller-identity --query Account --output text 2>&1) || case $answer in
    *"Signature expired"* | *"not yet current"* | *TooSkewed*) fail "This machine's clock is wrong: please" \
        "set it, AWS refuses what was signed at another time." ;;
    *xpired*) fail "The credentials have expired: please sign in again (aws sso login, or new keys)." ;;
    *"locate credentials"* | *NoCredentials*) fail "The aws command line has no credentials yet:" \
        "please run  aws configure  or  aws configure sso." ;;
    *"could not be found"*) fail "AWS_PROFILE names a profile that is not configured:$answer" ;;
    *"connect to the endpoint"* | *EndpointConnection*) fail "AWS cannot be reached in $region. Is there a" \
        "network, and such a region?" ;;
    *InvalidClientTokenId*) fail "AWS does not know these credentials, or the account has not enabled the" \
        "region $region." ;;
    *) fail "AWS does not accept the credentials:$answer" ;;
    esac
    account=$(last_line "$answer")
}
