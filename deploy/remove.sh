# How deploy/deploy.sh --delete takes an installation away; to be sourced by it.
# shellcheck shell=bash

# remove_all: the program's stack and, with --with-data, what it had stored. Each step can be
# repeated, so that a removal that was interrupted is finished by running it again.
remove_all() {
    local program data things="" tables=""
    program=$(status_of "$app_stack")
    data=$(status_of "$data_stack")
    if [ "$with_data" = true ]; then
        [ "$data" = NONE ] || things=$(things_of "$data_stack")
        tables=$(existing_tables)
        refuse_protected_tables "$tables"
    fi
    [ "$program" != NONE ] || [ "$with_data" = true ] && [ "$data$tables" != NONE ] ||
        fail "There is no $env in $region, so there is nothing to remove." \
            "(Was it deployed into another region? AWS_REGION=... names it.)"
    confirm
    remove_program
    if [ "$with_data" = true ]; then
        remove_data "$things" "$tables"
        say "$env is gone, with everything that it had stored.
DynamoDB keeps a backup of each table for 35 days (aws dynamodb list-backups --backup-type SYSTEM),
Secrets Manager the secret for 7. The bucket $bucket stays:
other environments use it."
    else
        say "The program is gone. Its tables, files and secret are kept, in the stack $data_stack.
    ./deploy/deploy.sh $env                         makes a program that finds them again (give
                                                    it the parameters that it had)
    ./deploy/deploy.sh $env --delete --with-data    removes them for good
The log groups /aws/lambda/BookLibrary-*-$env and the bucket $bucket stay too."
    fi
}

confirm() {
    local answer="" what="the program of $env"
    [ "$with_data" = false ] || what="$env with ALL ITS BOOKS, READERS AND FILES"
    [ "$yes" = false ] || return 0
    printf '%s' "This removes $what from account $account, $region. Type $env to go on: " >&2
    read -r answer || true
    [ "$answer" = "$env" ] || fail "Nothing was removed."
}

remove_program() {
    local status things static
    status=$(settled "$app_stack")
    if [ "$status" = NONE ]; then return; fi
    things=$(things_of "$app_stack")
    static=$(named StaticBucket "$things")
    [ -z "$static" ] || empty_bucket "$static"
    say "Removing $app_stack ..."
    remove_stack "$app_stack"
}

existing_tables() {
    local names
    names=$(ask dynamodb list-tables --query TableNames) || return
    tr '\t' '\n' <<<"$names" | grep -E "^BookLibrary-(Users|Books|UserBooks|Jobs)-$env\$" || true
}

# refuse_protected_tables TABLES: what is protected is never removed in passing, whatever was typed.
refuse_protected_tables() {
    local table lift=""
    for table in $1; do
        [ "$(ask dynamodb describe-table --table-name "$table" \
            --query 'Table.DeletionProtectionEnabled')" = True ] || continue
        lift="$lift
    aws dynamodb update-table --region $region --table-name $table --no-deletion-protection-enabled"
    done
    [ -z "$lift" ] || fail "Tables of $env are protected against deletion. Nothing was removed." \
        "If they really are to go, lift that first:$lift"
}

# remove_data THINGS TABLES: the stored things first and their stack last, because only the stack
# knows the names of the bucket and of the secret: until then this can be run again.
remove_data() {
    local files secret table function status
    files=$(named FilesBucket "$1")
    secret=$(named SecretKey "$1")
    for table in $2; do
        say "Removing the table $table ..."
        aws dynamodb delete-table --table-name "$table" >/dev/null
    done
    for table in $2; do aws dynamodb wait table-not-exists --table-name "$table"; done
    if [ -n "$files" ] && bucket_exists "$files"; then
        empty_bucket "$files"
        aws s3api delete-bucket --bucket "$files" --expected-bucket-owner "$account"
    fi
    [ -z "$secret" ] || remove_secret "$secret"
    for function in API Worker; do
        aws logs delete-log-group --log-group-name "/aws/lambda/BookLibrary-$function-$env" 2>/dev/null || true
    done
    status=$(settled "$data_stack")
    [ "$status" = NONE ] || remove_stack "$data_stack"
}

remove_secret() {
    local answer
    answer=$(aws secretsmanager delete-secret --secret-id "$1" --recovery-window-in-days 7 2>&1) && return
    case $answer in
    *ResourceNotFound* | *"marked for deletion"* | *"scheduled for deletion"*) ;;
    *) fail "The secret could not be removed:$answer" ;;
    esac
}

bucket_exists() { aws s3api head-bucket --bucket "$1" --expected-bucket-owner "$account" >/dev/null 2>&1; }

# empty_bucket BUCKET: with all versions, 500 objects at a time (a request takes up to 1000).
empty_bucket() {
    local batch refused
    bucket_exists "$1" || return 0
    say "Emptying the bucket $1 ..."
    while true; do
        batch=$(aws s3api list-object-versions --bucket "$1" --expected-bucket-owner "$account" \
            --max-items 500 --output json \
            --query "{Objects: [Versions, DeleteMarkers][].{Key: Key, VersionId: VersionId}}")
        case $batch in *'"Key"'*) ;; *) return 0 ;; esac
        refused=$(ask s3api delete-objects --bucket "$1" --expected-bucket-owner "$account" \
            --delete file:///dev/stdin --query 'Errors[0].[Key, Message]' <<<"$batch")
        [ -z "$refused" ] || fail "S3 does not remove an object of $1: $refused"
    done
}
