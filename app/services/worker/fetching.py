"""The handler that fetches customers' files from vendors."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import structlog

from app.channels.port import Channel, FetchRefusedError, FileHttp, HttpLostError, HttpUnreachableError
from app.domain.channel import Account
from app.domain.files import MAX_FILE_BYTES, type_of
from app.domain.job import ClaimedJob
from app.services.accounts import Accounts
from app.services.attachments import FileRow, Files
from app.services.fetched_files import FetchedFiles

log = structlog.get_logger(__name__)


class FetchFile:
    """Handler of jobs that fetch one file each. `channels` by kind: they know who may see which credentials."""

    def __init__(
        self,
        files: Files,
        fetched: FetchedFiles,
        accounts: Accounts,
        channels: Mapping[str, Channel],
        http: FileHttp,
    ) -> None:
        self._files = files
        self._fetched = fetched
        self._accounts = accounts
        self._channels = channels
        self._http = http

    async def __call__(self, job: ClaimedJob) -> None:
        """Fetch, look at the first bytes, and keep it or note why not.

        Raises: HttpLostError, HttpUnreachableError: it is tried again; at the last try the file is given up.
        """
        row = await self._files.find(UUID(job.payload["file"]))
        if row is None or row.state != "waiting" or row.source_url is None:
            return
        try:
            media_type, content = await self._fetch(row, row.source_url)
        except FetchRefusedError as error:
            await self._refuse(row, error.reason)
        except (HttpLostError, HttpUnreachableError) as error:
            if job.tries < job.max_tries:
                raise
            await self._fetched.fail(row, f"the vendor did not give it: {type(error).__name__}")
        else:
            await self._fetched.keep(row, media_type, content)

    async def give_up(self, job: ClaimedJob) -> None:
        """Handler of what follows a job that was given up for good: the wait for its file ends, too."""
        row = await self._files.find(UUID(job.payload["file"]))
        if row is not None and row.state == "waiting":
            await self._fetched.fail(row, "something went wrong here")

    async def _fetch(self, row: FileRow, url: str) -> tuple[str, bytes]:
        account: Account | None = None if row.account is None else await self._accounts.find(row.account)
        channel = None if account is None else self._channels.get(account.kind)
        receiver = None if channel is None else channel.receiver
        if account is None or receiver is None:
            raise FetchRefusedError("its account is gone")
        if channel is not None and channel.locate is not None:
            url = await channel.locate(url, account, self._http)
        fetched = await self._http.fetch(
            url,
            headers_for=lambda address: receiver.media_headers(address, account),
            max_bytes=MAX_FILE_BYTES,
            allowed=lambda _: True,  # what it is called is not what it is
        )
        media_type = type_of(fetched.content, fetched.media_type)
        if media_type is None:
            raise FetchRefusedError("files of this type are not taken")
        return media_type, fetched.content

    async def _refuse(self, row: FileRow, reason: str) -> None:
        log.info("file refused", action="file_refused", file=str(row.id), reason=reason)
        await self._fetched.refuse(row, reason)
