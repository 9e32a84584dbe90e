"""Where CloudFront stands in front, nobody comes by another way, and addresses are the readers'."""

import pytest

from booklib.aws.origin import came_through_cloudfront

SECRET = "only CloudFront knows this"


def event(**headers):
    return {
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"http": {"sourceIp": "130.176.0.1"}},
    }


@pytest.mark.parametrize("headers", [{}, {"x_origin_secret": "wrong"}, {"x_origin_secret": ""}])
def test_who_does_not_know_the_secret_is_refused(headers):
    told = event(**headers, cloudfront_viewer_address="192.0.2.1:1")
    assert not came_through_cloudfront(told, SECRET)
    assert told["requestContext"]["http"]["sourceIp"] == "130.176.0.1"


@pytest.mark.parametrize(
    ("viewer", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::7:46532", "2001:db8::7"),
        ("[2001:db8::7]:46532", "2001:db8::7"),
    ],
)
def test_the_readers_own_address_takes_the_place_of_the_edges(viewer, address):
    told = event(x_origin_secret=SECRET, cloudfront_viewer_address=viewer)
    assert came_through_cloudfront(told, SECRET)
    assert told["requestContext"]["http"]["sourceIp"] == address
    assert "x-origin-secret" not in told["headers"]


def test_without_that_header_the_edges_address_stays():
    told = event(x_origin_secret=SECRET)
    assert came_through_cloudfront(told, SECRET)
    assert told["requestContext"]["http"]["sourceIp"] == "130.176.0.1"
