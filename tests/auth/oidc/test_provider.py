"""What a provider answers is believed only if the provider alone can have said it, to us, now, and to this sign-in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey
from tests.auth.oidc.pretending import CLIENT, ISSUER, SECRET, Pretending, unsigned

from cryoloom.auth.oidc import Client, Flow, Provider, SignInError, inner_address, is_confidential


@pytest.fixture
def pretending() -> Pretending:
    return Pretending()


@pytest.fixture
def provider(pretending: Pretending) -> Provider:
    return Provider(ISSUER, Client(CLIENT, SECRET, "https://cryoloom.example.org"), transport=pretending)


@pytest.fixture
def flow(pretending: Pretending, provider: Provider) -> Flow:
    return begin(provider, pretending)


def begin(provider: Provider, pretending: Pretending) -> Flow:
    """A sign-in for which the browser has been at the provider."""
    begun = Flow.begin("/")
    pretending.follow(provider.way_in(begun))
    return begun


def test_the_browser_is_sent_with_all_that_ties_the_answer_to_it(provider: Provider) -> None:
    flow = Flow.begin("/")
    address = provider.way_in(flow)
    sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    digest = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest()).decode().rstrip("=")
    assert address.startswith(f"{ISSUER}/auth?")
    assert sent == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": "https://cryoloom.example.org/signed-in",
        "scope": "openid profile email",
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": digest,
        "code_challenge_method": "S256",
    }
    assert flow.verifier not in address
    assert len({flow.state, flow.nonce, flow.verifier}) == 3


def test_an_honest_answer_is_believed(provider: Provider, pretending: Pretending, flow: Flow) -> None:
    pretending.userinfo = {"name": "Ana", "email": "ana@example.org", "email_verified": True}
    arrival = provider.arrival(flow, "the-code", issuer=ISSUER)
    assert (arrival.claims["sub"], arrival.claims["name"]) == ("17", "Ana")
    sent = pretending.sent("/token")
    assert (sent["code"], sent["code_verifier"]) == (["the-code"], [flow.verifier])
    assert "client_secret" not in sent  # it goes in a header
    assert provider.way_out(arrival.id_token).startswith(f"{ISSUER}/leave?client_id=cryoloom&post_logout_redirect_uri=")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": "another", "azp": CLIENT},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"exp": None},
        {"exp": int(time.time()) - 200},
        {"exp": "never"},
        {"iat": None},
        {"iat": int(time.time()) + 400, "exp": int(time.time()) + 900},
        {"nbf": int(time.time()) + 400},
        {"nonce": None},
        {"nonce": "of another sign-in"},
        {"nonce": "", "nonce_supported": False},
        {"at_hash": "bm90IG9mIHRoaXMgdG9rZW4"},
    ],
    ids=json.dumps,
)
def test_a_token_with_wrong_claims_is_not(
    provider: Provider, pretending: Pretending, flow: Flow, claims: dict[str, Any]
) -> None:
    pretending.claims = claims
    with pytest.raises(SignInError) as refused:
        provider.arrival(flow, "code")
    assert refused.value.why == "token"


@pytest.mark.parametrize("shift", [-100, 100])
def test_clocks_may_differ_a_little(provider: Provider, pretending: Pretending, flow: Flow, shift: int) -> None:
    now = int(time.time())
    pretending.claims = {"iat": now + shift, "exp": now + min(shift, 0) + (0 if shift < 0 else 300)}
    assert provider.arrival(flow, "code").claims["sub"] == "17"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
def test_a_token_without_a_signature_is_not(provider: Provider, pretending: Pretending, alg: str) -> None:
    pretending.offers["id_token_signing_alg_values_supported"] = ["RS256", "none"]  # even if it says so itself
    flow = begin(provider, pretending)
    pretending.sign = lambda claims: unsigned(claims, {"alg": alg})
    with pytest.raises(SignInError, match="cannot be trusted"):
        provider.arrival(flow, "code")


def test_a_provider_that_offers_no_signature_is_not_believed(provider: Provider, pretending: Pretending) -> None:
    pretending.offers["id_token_signing_alg_values_supported"] = ["none", "HS256"]
    flow = begin(provider, pretending)
    with pytest.raises(SignInError, match="no signature that only the provider can make"):
        provider.arrival(flow, "code")


def test_a_signature_with_the_public_key_as_a_shared_secret_is_not(provider: Provider, pretending: Pretending) -> None:
    pretending.offers["id_token_signing_alg_values_supported"] = ["RS256", "HS256"]
    flow = begin(provider, pretending)

    def forged(claims: dict[str, Any]) -> str:
        words = unsigned(claims, {"alg": "HS256", "kid": "1"}).rstrip(".")
        shared = pretending.key.as_pem(private=False)
        signature = hmac.new(shared, words.encode(), hashlib.sha256).digest()
        return f"{words}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    pretending.sign = forged
    with pytest.raises(SignInError, match="cannot be trusted"):
        provider.arrival(flow, "code")


def test_a_signature_by_another_key_is_not(provider: Provider, pretending: Pretending, flow: Flow) -> None:
    pretending.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
    with pytest.raises(SignInError, match="cannot be trusted"):
        provider.arrival(flow, "code")


def test_new_keys_of_the_provider_are_fetched(provider: Provider, pretending: Pretending, flow: Flow) -> None:
    provider.arrival(flow, "code")
    pretending.key = RSAKey.generate_key(2048, {"kid": "2", "use": "sig"})
    pretending.published = [pretending.key]
    pretending.header["kid"] = "2"
    assert provider.arrival(flow, "code").claims["sub"] == "17"
    assert sum(request.url.path.endswith("/keys") for request in pretending.asked) == 2


def test_an_answer_in_the_name_of_another_provider_is_not(provider: Provider, flow: Flow) -> None:
    with pytest.raises(SignInError) as refused:
        provider.arrival(flow, "code", issuer="https://evil.example")
    assert refused.value.why == "token"


def test_userinfo_of_somebody_else_is_not(provider: Provider, pretending: Pretending, flow: Flow) -> None:
    pretending.userinfo = {"sub": "18", "name": "Bea"}
    with pytest.raises(SignInError, match="somebody else"):
        provider.arrival(flow, "code")


@pytest.mark.parametrize(
    ("offers", "said"),
    [
        ({"issuer": "https://evil.example"}, "calls itself"),
        ({"authorization_endpoint": "http://id.example.org/auth"}, "no address by HTTPS"),
        ({"authorization_endpoint": None}, "no address by HTTPS"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "no address by HTTPS"),
    ],
)
def test_a_provider_that_is_not_as_it_should_be_is_not_asked(
    provider: Provider, pretending: Pretending, offers: dict[str, Any], said: str
) -> None:
    pretending.offers |= offers
    with pytest.raises(SignInError, match=said) as refused:
        provider.way_in(Flow.begin("/"))
    assert refused.value.why == "provider"


def test_neither_secret_nor_code_nor_token_gets_into_a_log(
    provider: Provider, pretending: Pretending, flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    arrival = provider.arrival(flow, "the-code")
    pretending.claims = {"aud": "another"}
    with pytest.raises(SignInError) as refused:
        provider.arrival(flow, "the-code")
    said = caplog.text + str(refused.value) + repr(provider.client) + repr(arrival)
    for hidden in (SECRET, "the-code", flow.verifier, arrival.id_token):
        assert hidden not in said


def test_a_provider_without_a_place_to_leave_is_left_in_silence(provider: Provider, pretending: Pretending) -> None:
    del pretending.offers["end_session_endpoint"]
    assert provider.way_out("token") == ""


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "evil",
        "/\n/evil.example", "javascript:alert(1)", "", "/" + "a" * 3000, " //evil.example", "/ /evil",
        "///evil.example",
    ],
)  # fmt: skip
def test_nobody_is_led_to_another_site(wanted: str) -> None:
    assert inner_address(wanted) == "/"


@pytest.mark.parametrize("wanted", ["/", "/projects/01ABC?view=graph&run=2", "/projects/01ABC/runs/x#top"])
def test_people_are_led_back_to_where_they_were(wanted: str) -> None:
    assert inner_address(wanted) == wanted


def test_a_flow_opens_only_for_the_browser_and_the_state_that_began_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = b"s" * 32
    flow = Flow.begin("/somewhere")
    sealed = flow.sealed(secret)
    assert Flow.opened(sealed, flow.state, secret) == flow
    assert Flow.opened(sealed, Flow.begin("/").state, secret) is None
    assert Flow.opened("", flow.state, secret) is None
    assert Flow.opened(sealed, flow.state, b"t" * 32) is None
    assert Flow.opened(sealed, "\udcff", secret) is None
    assert flow.verifier not in sealed
    later = time.time() + 601
    monkeypatch.setattr(time, "time", lambda: later)
    assert Flow.opened(sealed, flow.state, secret) is None


def test_what_is_confidential() -> None:
    assert all(
        map(is_confidential, ("https://a.example", "http://127.0.0.1:3000", "http://localhost", "http://[::1]:1"))
    )
    assert not any(
        map(
            is_confidential,
            ("http://a.example", "https://", "", "ftp://localhost", "//a", "http://localhost.evil.example"),
        )
    )
