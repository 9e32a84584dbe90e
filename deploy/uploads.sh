# What deploy/deploy.sh puts into S3 and into the functions; to be sourced by it.
# shellcheck shell=bash

# need_bucket: the bucket for packages, ours and shut to everybody else; made where it is missing.
# Its policy is set last, so that a bucket with one is finished. Names are the world's, not ours: one
# that somebody else has taken must not get our code (hence the expected owner).
need_bucket() {
    local answer
    answer=$(aws s3api get-bucket-policy --bucket "$bucket" --expected-bucket-owner "$account" 2>&1) && return
    case $answer in
    *NoSuchBucketPolicy*) finish_bucket ;;
    *NoSuchBucket*)
        say "Making the bucket $bucket for packages ..."
        make_bucket
        finish_bucket
        ;;
    *AccessDenied* | *Forbidden*)
        fail "The bucket $bucket belongs to another account, or you may not read its policy" \
            "(s3:GetBucketPolicy). Nothing was uploaded."
        ;;
    *PermanentRedirect* | *IllegalLocation* | *AuthorizationHeaderMalformed* | *"301"*)
        fail "The bucket $bucket lies in another region than its name says. Remove it, or deploy into" \
            "that region (AWS_REGION=...)."
        ;;
    *) fail "S3 does not answer for the bucket $bucket:$answer" ;;
    esac
}

make_bucket() {
    local answer place=(--create-bucket-configuration "LocationConstraint=$region")
    # The oldest region has no name here (S3's API reference, CreateBucket).
    [ "$region" != us-east-1 ] || place=()
    answer=$(aws s3api create-bucket --bucket "$bucket" ${place[@]+"${place[@]}"} 2>&1) && return
    case $answer in
    *BucketAlreadyOwnedByYou*) ;;
    *BucketAlreadyExists*) fail "Another account has taken the bucket name $bucket. Please deploy from" \
        "another account or into another region (AWS_REGION=...)." ;;
    *OperationAborted*) fail "Another deployment is making the bucket $bucket just now. Run this again." ;;
    *) fail "The bucket $bucket could not be made:$answer" ;;
    esac
}

finish_bucket() {
    aws s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
        BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws s3api put-bucket-encryption --bucket "$bucket" --server-side-encryption-configuration \
        '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}'
    aws s3api put-bucket-policy --bucket "$bucket" --policy '{
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "OnlyOverTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::'"$bucket"'", "arn:aws:s3:::'"$bucket"'/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}'
}

sha256_of() { "$python" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"; }

# upload FILE FOLDER: put a file under its content's name, into `key`, where it is not there yet.
upload() {
    key=$2/$(sha256_of "$1").zip
    if ! aws s3api head-object --bucket "$bucket" --key "$key" >/dev/null 2>&1; then
        say "Uploading $(basename "$1") ($(($(wc -c <"$1") / 1024)) KB) ..."
        aws s3 cp --only-show-errors "$1" "s3://$bucket/$key" >&2
    fi
}

# upload_static THINGS: the files that pages ask for, into the bucket that CloudFront reads; nothing
# where the very same are there. Always before the code whose pages ask for them, and none is ever
# taken away: pages that are open still ask for theirs. The name does not tell a file's version (the
# page's address does), so that caches hold it for a day and not for ever.
upload_static() {
    local static wanted folder type
    static=$(named StaticBucket "$1")
    [ -n "$static" ] && [ "$static" != "$static_sent" ] || return 0
    static_sent=$static
    wanted=$("$python" deploy/static_files.py "$scratch/static")
    [ "$(aws s3 cp --quiet "s3://$static/uploaded" - 2>/dev/null)" != "$wanted" ] || return 0
    say "Uploading the static files ..."
    aws s3 rm --quiet "s3://$static/uploaded"
    while IFS=$'\t' read -r folder type; do
        aws s3 cp --only-show-errors --recursive "$scratch/static/$folder" "s3://$static/static" \
            --content-type "$type" --cache-control "public, max-age=86400" >&2
    done <"$scratch/static/types"
    printf '%s\n' "$wanted" | aws s3 cp --quiet - "s3://$static/uploaded"
    changed=true
}

# send_code KEY FILE: see to it that both functions run this very package. CloudFormation looks at
# its own parameter alone, which is not what --code-only has sent.
send_code() {
    local wanted function running
    wanted=$("$python" -c 'import base64, hashlib, sys
print(base64.b64encode(hashlib.sha256(open(sys.argv[1], "rb").read()).digest()).decode())' "$2")
    for function in "BookLibrary-API-$env" "BookLibrary-Worker-$env"; do
        running=$(ask lambda get-function-configuration --function-name "$function" --query CodeSha256)
        [ "$running" != "$wanted" ] || continue
        say "Sending the code to $function ..."
        aws lambda update-function-code --function-name "$function" \
            --s3-bucket "$bucket" --s3-key "$1" >/dev/null
        aws lambda wait function-updated-v2 --function-name "$function"
        changed=true
    done
}
