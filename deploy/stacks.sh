# What deploy/deploy.sh asks of CloudFormation; to be sourced by it.
# shellcheck shell=bash

pause=5 # seconds between two looks at a stack at work

last_line() { printf '%s\n' "$1" | tail -n 1; }

# ask SERVICE COMMAND...: one thing that AWS knows, as text; nothing where it knows none.
ask() { aws "$@" --output text | sed 's/^None$//'; }

# status_of STACK: its state as CloudFormation calls it, or NONE.
status_of() {
    local answer
    if answer=$(aws cloudformation describe-stacks --stack-name "$1" \
        --query 'Stacks[0].StackStatus' --output text 2>&1); then
        last_line "$answer"
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

# things_of STACK: its resources, one a line: logical name, tab, physical name. After a rollback
# CloudFormation lists those that it has taken away again, too.
things_of() {
    ask cloudformation describe-stack-resources --stack-name "$1" \
        --query "StackResources[?ResourceStatus!='DELETE_COMPLETE'].[LogicalResourceId, PhysicalResourceId]"
}

# named NAME LINES: what stands behind a name and a tab; nothing where there is none.
named() { awk -F '\t' -v name="$1" '$1 == name && $2 != "None" { print $2 }' <<<"$2"; }

# template_parameters TEMPLATE: the names of its parameters, one a line.
template_parameters() {
    awk '/^[A-Za-z]/ { inside = /^Parameters:/ } inside && /^  [A-Za-z]+:/ { sub(":.*", "", $1); print $1 }' "$1"
}

# parameters_of STACK: name, tab, value of each, one a line; nothing where there is no stack.
parameters_of() {
    local answer
    if answer=$(aws cloudformation describe-stacks --stack-name "$1" --output text \
        --query 'Stacks[0].Parameters[].[ParameterKey, ParameterValue]' 2>&1); then
        printf '%s\n' "$answer"
        return
    fi
    case $answer in
    *"does not exist"*) ;;
    *) fail "CloudFormation does not say how $1 is:$answer" ;;
    esac
}

# setting NAME BEFORE: the value that a parameter of the program's stack has after this deployment,
# of those given, those before (as parameters_of tells) and the template's.
setting() {
    local given
    for given in ${parameters[@]+"${parameters[@]}"}; do
        if [ "${given%%=*}" = "$1" ]; then
            printf '%s\n' "${given#*=}"
            return
        fi
    done
    given=$(named "$1" "$2")
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

# address_of_site THINGS: the one that the template tells, or the one that the API says of itself.
address_of_site() {
    local told api
    told=$(ask cloudformation describe-stacks --stack-name "$app_stack" \
        --query "Stacks[0].Outputs[?OutputKey=='Address'].OutputValue | [0]") || return
    case $told in
    "" | *.execute-api.*)
        api=$(named HttpApi "$1")
        told=$(ask apigatewayv2 get-api --api-id "$api" --query ApiEndpoint) || return
        ;;
    esac
    printf '%s\n' "${told%/}"
}

# smoke_test ADDRESS: the storage answers and a page is made within a minute or two, or this says
# what to look at.
smoke_test() {
    local path answer try=1
    for path in /health /login; do
        while true; do
            answer=$(curl --silent --show-error --max-time 20 --write-out '\n%{http_code}' \
                "$1$path" 2>&1) || true
            [ "$(last_line "$answer")" != 200 ] || break
            [ "$try" -gt 1 ] || say "$1$path does not answer yet: trying again ..."
            [ "$try" -lt 8 ] || fail "$app_stack is deployed, but $1$path does not answer well:
$answer
What the function says of it:  aws logs tail --region $region /aws/lambda/BookLibrary-API-$env
A new domain name can take some minutes to be known; else please run this again."
            try=$((try + 1))
            sleep "$pause"
        done
    done
}
