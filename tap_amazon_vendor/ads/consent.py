"""The consents of a run, and the profiles that each of them opens."""

from __future__ import annotations

import logging
import typing as t
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from tap_amazon_vendor.ads.client import AdsAuthenticator, AdsClient
from tap_amazon_vendor.ads.profiles import find_profiles, wants
from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.errors import AmazonError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_amazon_vendor.ads.profiles import Profile
    from tap_amazon_vendor.amazon.retry import Sleep
    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.config.ads_accounts import AdsAccount
    from tap_amazon_vendor.config.redaction import Redactor


Client = t.TypeVar("Client", bound=AdsClient)

_NO_LONGER = (
    "Account {!r}: the consent for Amazon Ads no longer opens profile {} ({}), so its days stay as they are. The user "
    "who consented may have lost the right to see it. If that is meant, list those to read as `profiles` in `ads`"
)


class ClosedClient(AdsClient):
    """Stands for the client of a profile that Amazon does not tell: every call fails as that question did.

    So its windows fail, one by one and with this error, as those of any other account would.
    """

    error: AmazonError

    def call(self, *_args: t.Any, **_kwargs: t.Any) -> t.NoReturn:  # noqa: ANN401
        """Fail."""
        raise self.error


_TWICE = (
    "Profile {} ({}) of Amazon Ads is read for {}: sums over accounts count it more than once. List those of each "
    "account as `profiles` in its `ads`"
)


@dataclass(frozen=True)
class OpenProfile:
    """A profile that a run reads.

    Attributes:
        account: Its consent.
        profile_id: Its id; empty where Amazon does not tell the profiles.
        marketplace_id: Its marketplace; empty where that is not known.
        client: The Ads API for it.
        about: What Amazon tells of it, None where it does not.
    """

    account: AdsAccount
    profile_id: str
    marketplace_id: str
    client: AdsClient
    about: Profile | None = None

    @property
    def error(self) -> AmazonError | None:
        """Why Amazon does not tell the profile; None where it does."""
        return self.client.error if isinstance(self.client, ClosedClient) else None

    @property
    def country(self) -> str:
        """The country of its marketplace, or its id where that is unknown."""
        return country_of(self.marketplace_id) or self.marketplace_id

    @property
    def sells(self) -> bool:
        """Whether it is a seller's."""
        return self.about is not None and self.about.sells

    @property
    def context(self) -> dict[str, str]:
        """The partition that each stream has of it."""
        return {
            "account": self.account.label,
            "marketplace_id": self.marketplace_id,
            "profile_id": self.profile_id,
        }


class Consents:
    """All consents of a run. Asks Amazon for their profiles once, on first use."""

    def __init__(  # noqa: PLR0913  # each is one fact
        self,
        accounts: Iterable[AdsAccount],
        *,
        transport: Transport,
        clock: Callable[[], datetime],
        sleep: Sleep,
        redactor: Redactor | None = None,
        known: Iterable[Mapping[str, t.Any]] = (),
    ) -> None:
        """Store the dependencies.

        Args:
            accounts: The consents.
            known: Partitions of earlier runs: they take the place of what Amazon does not tell.
            transport: HTTP client.
            clock: Returns the current time, aware.
            sleep: Waits the given seconds.
            redactor: Learns each token that is issued.
        """
        self._known = tuple(known)
        self._accounts = tuple(accounts)
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._redactor = redactor

    @cached_property
    def profiles(self) -> tuple[OpenProfile, ...]:
        """The profiles of all consents; of one that Amazon refuses, what takes their place in the plan."""
        return tuple(profile for account in self._accounts for profile in self._of(account))

    @cached_property
    def _by_id(self) -> dict[tuple[str, str, str], OpenProfile]:
        return {(each.account.label, each.marketplace_id, each.profile_id): each for each in self.profiles}

    def profile(self, context: Mapping[str, t.Any]) -> OpenProfile | None:
        """Return the profile of a partition, None if the run does not read it."""
        return self._by_id.get((context["account"], context["marketplace_id"], context["profile_id"]))

    def _of(self, account: AdsAccount) -> Iterator[OpenProfile]:
        auth = AdsAuthenticator(account, self._transport, self._clock, self._redactor)
        closed = self._client(ClosedClient, account, auth, None)
        try:
            found = find_profiles(self._client(AdsClient, account, auth, None), account)
        except AmazonError as error:
            closed.error = error
            for profile_id, place in self.assumed(account):
                yield OpenProfile(account, profile_id, place, closed)
            return
        for each in found.open:
            client = self._client(AdsClient, account, auth, each.own_id)
            yield OpenProfile(account, each.own_id, each.marketplace_id, client, each)
        # One that is missing must not keep the others from being read.
        closed.error = found.error
        places = dict(self._read_before(account))
        anywhere = account.marketplaces[0].marketplace_id if len(account.marketplaces) == 1 else ""
        for profile_id in found.missing:
            yield OpenProfile(account, profile_id, places.get(profile_id, anywhere), closed)

    def assume(self) -> None:
        """Take what earlier runs knew for the profiles, without asking Amazon."""
        auths = {
            account: AdsAuthenticator(account, self._transport, self._clock, self._redactor)
            for account in self._accounts
        }
        self.profiles = tuple(
            OpenProfile(account, profile_id, place, self._client(AdsClient, account, auths[account], profile_id))
            for account in self._accounts
            for profile_id, place in self.assumed(account)
        )

    @property
    def remarks(self) -> list[tuple[int, str]]:
        """Level and words about profiles that a consent no longer opens, and those that several accounts read."""
        found = {(profile.account.label, profile.profile_id) for profile in self.profiles}
        closed = {profile.account.label for profile in self.profiles if profile.error}
        readers = defaultdict[tuple[str, str], list[str]](list)
        for each in self.profiles:
            readers[each.profile_id, each.country].append(repr(each.account.label))
        twice = [
            (logging.WARNING, _TWICE.format(*profile, " and ".join(labels)))
            for profile, labels in readers.items()
            if profile[0] and len(labels) > 1
        ]
        return twice + [
            (logging.WARNING, _NO_LONGER.format(account.label, profile_id, country_of(place) or place))
            for account in self._accounts
            if account.label not in closed
            for profile_id, place in self._read_before(account)
            if (account.label, profile_id) not in found
        ]

    def assumed(self, account: AdsAccount) -> list[tuple[str, str]]:
        """Return profiles and marketplaces of earlier runs; without any, a nameless one for each marketplace."""
        places = [each.marketplace_id for each in account.marketplaces] or [""]
        return self._read_before(account) or [("", place) for place in places]

    def _read_before(self, account: AdsAccount) -> list[tuple[str, str]]:
        """Return profiles and marketplaces of earlier runs, as far as the settings still want them."""
        known = {
            (context["profile_id"], context["marketplace_id"])
            for context in self._known
            if context["account"] == account.label and context["profile_id"]
        }
        return [each for each in sorted(known) if wants(account, *each)]

    def _client(
        self, kind: type[Client], account: AdsAccount, auth: AdsAuthenticator, profile_id: str | None
    ) -> Client:
        return kind(
            account,
            auth=auth,
            transport=self._transport,
            clock=self._clock,
            sleep=self._sleep,
            profile_id=profile_id,
        )
