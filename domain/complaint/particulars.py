"""Who complains of whom about what: what Order 121 art. 10 wants of a complaint, taken down in one form."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.complaint.credit_code import check_credit_code
from domain.complaint.telephone import check_telephone
from domain.errors import InvalidInput


class ParticularsMissing(InvalidInput):
    """A complaint names the complainant, the respondent, the claim and the facts (Order 121 art. 10)."""

    code = "particulars-missing"
    zh = "投诉须写明投诉人、被投诉人、投诉请求和争议事实。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """Name, telephone and address of the complainant, the respondent, the claim and the facts."""

    complainant_name: str
    complainant_telephone: str
    complainant_address: str
    respondent_name: str
    respondent_address: str
    respondent_credit_code: str | None = None
    respondent_telephone: str | None = None
    claim: str
    facts: str

    def checked(self) -> Particulars:
        """Return them with telephones and credit code in the form that search finds.

        Raises `ParticularsMissing`, `BadTelephone` or `BadCreditCode`, none of which repeats what was given.
        """
        wanted = ("complainant_name", "complainant_address", "respondent_name", "respondent_address", "claim", "facts")
        blank = [name for name in wanted if not getattr(self, name).strip()]
        if blank:
            raise ParticularsMissing(missing=blank)
        code, telephone = self.respondent_credit_code, self.respondent_telephone
        return replace(
            self,
            complainant_telephone=check_telephone(self.complainant_telephone),
            respondent_telephone=check_telephone(telephone) if telephone else None,
            respondent_credit_code=check_credit_code(code) if code else None,
        )
