"""The error codes of a root's keys, trust, runs and starter scripts, one line each. No behaviour."""

from __future__ import annotations

KEY_READABLE = "P2-S0790"
NO_KEY = "P2-S0792"
TRUST_WRITABLE = "P2-S0793"
TRUST_UNREADABLE = "P2-S0794"
NO_AGENT = "P2-S0802"
AGENT_NONSENSE = "P2-S0803"
AGENT_EMPTY = "P2-S0804"
NO_AGENT_KEY = "P2-S0805"
AGENT_REFUSED = "P2-S0806"
AGENT_SLOW = "P2-S0807"
NO_PROGRAM = "P2-S0810"
PROGRAM_FAILED = "P2-S0811"
PROGRAM_SLOW = "P2-S0812"
WRONG_SIGNATURE = "P2-S0813"
NO_SUCH_KEY = "P2-S0814"
NOT_RETIRED = "P2-S0840"
NOT_AGREED = "P2-S0841"
NOTHING_TO_EXPORT = "P2-S0842"
OF_A_BUNDLE = "P2-S0843"
KEY_OF_ANOTHER = "P2-S0844"
SEVERAL_KEYS = "P2-S0845"
TRUST_LINE_GIVEN = "P2-S0846"
OTHER_FINGERPRINT = "P2-S0847"
NOBODY_KNOWN = "P2-S0848"
NO_EDITOR = "P2-S0849"
LOG_NOT_WRITTEN = "P2-S0860"
LOG_KEY_UNUSABLE = "P2-S0861"
NO_LOG = "P2-S0862"
NOT_LOGGED = "P2-S0863"
LOG_BEHIND = "P2-S0864"
PACK_LACKS = "P2-S0882"
PACK_BRINGS_SCRIPTS = "P2-S0883"
PACK_FOLDER_TAKEN = "P2-S0884"
PACK_NAMES = "P2-S0885"
PACK_UNSEEN = "P2-S0886"
NOT_OF_SESSION = "P2-S0890"
BEYOND_SESSION = "P2-S0891"
STARTER_OTHER = "P2-S0893"
STARTER_BEYOND = "P2-S0894"
NOT_AS_ASKED = "P2-D0867"
NOBODY_DOES_IT = "P2-D0868"
NOTHING_TO_DRAW = "P2-D0891"
NOT_OWN = "P2-H0931"

CODES: dict[str, str] = {
    KEY_READABLE: "a private key can be read by others",
    NO_KEY: "there is no key to sign with",
    TRUST_WRITABLE: "a trust file does not count, because others can change it",
    TRUST_UNREADABLE: "a trust file cannot be read",
    NO_AGENT: "there is no ssh-agent to sign with",
    AGENT_NONSENSE: "what listens where the ssh-agent should does not speak as one",
    AGENT_EMPTY: "the ssh-agent has no key that can sign, or it is locked",
    NO_AGENT_KEY: "the ssh-agent has no key of this name, or several",
    AGENT_REFUSED: "the ssh-agent refused to sign",
    AGENT_SLOW: "the ssh-agent did not answer in time",
    NO_PROGRAM: "the signer program cannot be started",
    PROGRAM_FAILED: "the signer program did not sign",
    PROGRAM_SLOW: "the signer program did not sign in time",
    WRONG_SIGNATURE: "what an agent or a program gave is no good signature of the chosen key",
    NO_SUCH_KEY: "there is no own key of this name, or several",
    NOT_RETIRED: "a script is to be retired, which only keys can be",
    NOT_AGREED: "nobody agreed to what an import changes here",
    NOTHING_TO_EXPORT: "there is nothing that could be exported",
    OF_A_BUNDLE: "a line of the trust file belongs to a trust bundle",
    KEY_OF_ANOTHER: "a key is trusted as that of somebody else",
    SEVERAL_KEYS: "a key file has several keys",
    TRUST_LINE_GIVEN: "a line of a trust file is given where a public key is wanted",
    OTHER_FINGERPRINT: "a key has another fingerprint than the one that was insisted on",
    NO_EDITOR: "the editor for the policy did not do its work",
    NOBODY_KNOWN: "nobody and nothing is known under this name",
    LOG_NOT_WRITTEN: "the run log cannot be written, and what cannot be logged is not done",
    LOG_KEY_UNUSABLE: "the key of the run log cannot be used",
    NO_LOG: "there is no run log yet",
    NOT_LOGGED: "the run log has no entry of this number, run or picture",
    LOG_BEHIND: "the run log lacks entries that the records of runs speak of",
    PACK_LACKS: "a library that a script was signed with is not here to be packed",
    PACK_BRINGS_SCRIPTS: "a data package in a pack brings scripts of its own",
    PACK_FOLDER_TAKEN: "the folder that a pack is to be opened into is there already",
    PACK_NAMES: "two scripts of a pack have one name",
    PACK_UNSEEN: "a pack would be opened that nobody has seen",
    NOT_OF_SESSION: "the key of a session signs for one place only, and this is another one",
    BEYOND_SESSION: "a script needs more than its session was granted",
    STARTER_OTHER: "a starter script is not what this machine makes of its bundle now",
    STARTER_BEYOND: "the machine's own signature does not reach that far",
    NOT_AS_ASKED: "what a request was asked about is no longer what it was",
    NOBODY_DOES_IT: "nothing here carries out requests of this kind",
    NOT_OWN: "a script that somebody else signed does not run unconfined",
    NOTHING_TO_DRAW: "nothing that was recorded can be drawn by a starter script",
}
