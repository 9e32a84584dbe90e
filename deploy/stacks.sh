# What deploy/deploy.sh asks of CloudFormation; to be sourced by it.
# shellcheck shell=bash

pause=5 # seconds between two looks at a stack at work

# ask SERVICE COMMAND...: one thing that AWS knows, as text; nothing where it knows none.
ask() { aws "$@" --output text | sed 's/^None$//'; }

# status_of STACK: its state as CloudFormation calls it, or NONE.
status_of() {
    local answer
    if answer=$(aws cloudformation describe-stacks --stack-name "$1" \
        --query 'Stacks[0].StackStatus' --output text 2>&1); then
        printf '%s\n' "${answer##*$'\n'}"
        return
    fi
    case $answer in
    *"does not exist"*) echo NONE ;;
    *) fail "CloudFormation does not say how $1 is:$answer" ;;
    esac
}

# settled STACK: its state once nobody works on it any more.
settled() {
    local status waited=0
    while true; do
        status=$(status_of "$1") || return
        case $status in
        REVIEW_IN_PROGRESS) if [ "$waited" -ge 60 ] || ! being_started "$1"; then break; fi ;;
        *_IN_PROGRESS) ;;
        *) break ;;
        esac
        [ "$waited" -lt 3600 ] || fail "$1 is still $status after an hour: please look at it in" \
            "the console of CloudFormation."
        [ "$waited" -gt 0 ] || say "$1 is being worked on ($status): waiting for the end of it ..."
        sleep "$pause"
        waited=$((waited + pause))
    done
    printf '%s\n' "$status"
}

# Whether another deployment is just about to make the stack $1, not a failed one that left it.
being_started() {
    local sets
    sets=$(ask cloudformation list-change-sets --stack-name "$1" \
        --query 'Summaries[].[Status, ExecutionStatus]') || return
    case $sets in *CREATE_PENDING* | *CREATE_IN_PROGRESS* | *EXECUTE_* | *[[:space:]]AVAILABLE*) ;; *) return 1 ;; esac
}

# things_of STACK: its resources, one a line: logical name, tab, physical name.
things_of() {
    ask cloudformation describe-stack-resources --stack-name "$1" \
        --query 'StackResources[].[LogicalResourceId, PhysicalResourceId]'
}

# named LOGICAL THINGS: the physical name in what things_of printed; nothing where there is none.
named() { awk -F '\t' -v name="$1" '$1 == name && $2 != "None" { print $2 }' <<<"$2"; }

# output_of STACK NAME
output_of() {
    ask cloudformation describe-stacks --stack-name "$1" \
        --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue | [0]"
}

# template_parameters TEMPLATE: the names of its parameters, one a line.
template_parameters() {
    awk '/^[A-Za-z]/ { inside = /^Parameters:/ } inside && /^  [A-Za-z]+:/ { sub(":.*", "", $1); print $1 }' "$1"
}

# setting NAME: the value a parameter of the program's stack has after this deployment.
setting() {
    local given
    for given in ${parameters[@]+"${parameters[@]}"}; do
        if [ "${given%%=*}" = "$1" ]; then
            printf '%s\n' "${given#*=}"
            return
        fi
    done
    given=""
    if [ "$(status_of "$app_stack")" != NONE ]; then
        given=$(ask cloudformation describe-stacks --stack-name "$app_stack" \
            --query "Stacks[0].Parameters[?ParameterKey=='$1'].ParameterValue | [0]") || return
    fi
    [ -n "$given" ] || given=$(awk -v name="$1:" '$1 == name { inside = 1 }
        inside && sub(/.*Default: */, "") { sub(/[ ,}].*/, ""); print; exit }' infra/app.yaml)
    printf '%s\n' "$given"
}

# make_ready STACK: see to it that the stack can be deployed, or say what has to be done first.
make_ready() {
    local status
    status=$(settled "$1")
    case $status in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | REVIEW_IN_PROGRESS)
        say "The first deployment of $1 had failed ($status): what it left is removed, and the stack" \
            "made anew. Books, readers and files are never in such a stack."
        remove_stack "$1"
        ;;
    DELETE_FAILED)
        fail "$1 was to be removed, and that failed. Please finish it (tables and files stay):
    ./deploy/deploy.sh $env --delete
and deploy again then."
        ;;
    UPDATE_ROLLBACK_FAILED)
        failed_resources "$1"
        fail "$1 could not go back to how it was before a failed update. When the cause above is" \
            "mended, let it finish, and deploy again:
    aws cloudformation continue-update-rollback --region $region --stack-name $1
Where a resource is gone for good, add  --resources-to-skip ITS_NAME  to that."
        ;;
    esac
}

# deploy_stack STACK TEMPLATE Parameter=Value...
deploy_stack() {
    local stack=$1 template=$2 output
    shift 2
    make_ready "$stack"
    say "Deploying $stack; this can take some minutes ..."
    if output=$(aws cloudformation deploy --stack-name "$stack" --template-file "$template" \
        --s3-bucket "$bucket" --s3-prefix templates --capabilities CAPABILITY_NAMED_IAM \
        --no-fail-on-empty-changeset --parameter-overrides "$@" 2>&1); then
        case $output in *"No changes to deploy"*) say "  It is up to date." ;; *) changed=true ;; esac
        return
    fi
    case $output in
    *AlreadyExistsException* | *ChangeSetNotFound* | *InvalidChangeSetStatus* | *_IN_PROGRESS*)
        fail "Another deployment of $env began at the same moment, and goes on. Run this again when it" \
            "is through."
        ;;
    *"list of events leading up to the failure"*) explain_failure "$stack" ;;
    *) fail "CloudFormation did not take the deployment of $stack:$output" ;;
    esac
}

explain_failure() {
    local status
    status=$(settled "$1")
    say "$1 could not be deployed ($status). What failed first:"
    failed_resources "$1"
    case $status in
    UPDATE_ROLLBACK_COMPLETE) say "The site runs on as it was before." ;;
    UPDATE_ROLLBACK_FAILED) fail "Run the same command again: it says how to go on from there." ;;
    esac
    fail "When the cause is mended, run the same command again; it clears up what this run left."
}

# failed_resources STACK: the first failures of the last operation, oldest first.
failed_resources() {
    aws cloudformation describe-stack-events --stack-name "$1" --max-items 500 --output text \
        --query 'StackEvents[].[LogicalResourceId, ResourceStatus, ResourceType, ResourceStatusReason]' \
        2>/dev/null | awk -F '\t' -v stack="$1" '
            $1 == stack && $2 ~ /^(CREATE|UPDATE|DELETE|REVIEW)_IN_PROGRESS$/ { before = 1 }
            !before && $2 ~ /_FAILED$/ && $1 != stack && $4 !~ /[Cc]ancelled/ {
                lines[n++] = "    " $1 " (" $3 "): " $4
            }
            END { for (i = n - 1; i >= 0 && i >= n - 5; i--) print lines[i] }' >&2 || true
}

# remove_stack STACK: whatever state it is in; the resources that it retains stay.
remove_stack() {
    local status
    aws cloudformation delete-stack --stack-name "$1"
    status=$(settled "$1")
    case $status in
    NONE | DELETE_COMPLETE) return ;;
    esac
    say "$1 could not be removed ($status):"
    failed_resources "$1"
    fail "When the cause is mended, run the same command again."
}

# address_of_site: the one that the template tells, or the one that the API says of itself.
address_of_site() {
    local told things api
    told=$(output_of "$app_stack" Address) || return
    case $told in
    "" | *.execute-api.*)
        things=$(things_of "$app_stack") || return
        api=$(named HttpApi "$things")
        told=$(ask apigatewayv2 get-api --api-id "$api" --query ApiEndpoint) || return
        ;;
    esac
    printf '%s\n' "${told%/}"
}

# smoke_test ADDRESS: the site says that it is well within a minute or two, or this says what to look at.
smoke_test() {
    local answer="" try
    for try in 1 2 3 4 5 6 7 8; do
        answer=$(curl --silent --show-error --max-time 20 --write-out '\n%{http_code}' "$1/health" 2>&1) || true
        [ "${answer##*$'\n'}" != 200 ] || return 0
        [ "$try" -gt 1 ] || say "$1/health does not answer yet: trying again ..."
        sleep "$pause"
    done
    fail "$app_stack is deployed, but $1/health does not say that it is well:
$answer
What the function says of it:  aws logs tail --region $region /aws/lambda/BookLibrary-API-$env
A new domain name can take some minutes to be known; else please run this again."
}
