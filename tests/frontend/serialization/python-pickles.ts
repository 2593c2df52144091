/**
 * Pickles that Python wrote (CPython 3.11, NumPy 2.4, torch 2.13): what the oracle's files do not contain. The comment
 * is the Python expression; `storages` are the archive's data entries. Everything is base64.
 */
export interface PythonPickle {
  readonly pickle: string;
  readonly storages?: readonly string[];
}

export const pythonPickles = {
  /** np.arange(6, dtype=np.float16).reshape(2, 3, order="F") */
  columnMajor: {
    pickle:
      "gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQBjbnVtcHkKbmRhcnJheQpxAUsAhXECY19jb2RlY3MKZW5jb2RlCnEDWAEAAABicQRYBgAAAGxhdGluMXEFhnEGUnEHh3EIUnEJKEsBSwJLA4ZxCmNudW1weQpkdHlwZQpxC1gCAAAAZjJxDImIh3ENUnEOKEsDWAEAAAA8cQ9OTk5K/////0r/////SwB0cRBiiGgDWAwAAAAAAAA8AEAAQgBEAEVxEWgFhnESUnETdHEUYi4=",
  },
  /** np.arange(3, dtype=">i4") */
  bigEndian: {
    pickle:
      "gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQBjbnVtcHkKbmRhcnJheQpxAUsAhXECY19jb2RlY3MKZW5jb2RlCnEDWAEAAABicQRYBgAAAGxhdGluMXEFhnEGUnEHh3EIUnEJKEsBSwOFcQpjbnVtcHkKZHR5cGUKcQtYAgAAAGk0cQyJiIdxDVJxDihLA1gBAAAAPnEPTk5OSv////9K/////0sAdHEQYoloA1gMAAAAAAAAAAAAAAEAAAACcRFoBYZxElJxE3RxFGIu",
  },
  /** [np.float32(2.5), np.int64(2**62), np.bool_(True), np.float16(1.5), np.complex64(1+2j), np.uint8(200)] */
  scalars: {
    pickle:
      "gAJdcQAoY251bXB5Ll9jb3JlLm11bHRpYXJyYXkKc2NhbGFyCnEBY251bXB5CmR0eXBlCnECWAIAAABmNHEDiYiHcQRScQUoSwNYAQAAADxxBk5OTkr/////Sv////9LAHRxB2JjX2NvZGVjcwplbmNvZGUKcQhYBAAAAAAAIEBxCVgGAAAAbGF0aW4xcQqGcQtScQyGcQ1ScQ5oAWgCWAIAAABpOHEPiYiHcRBScREoSwNoBk5OTkr/////Sv////9LAHRxEmJoCFgIAAAAAAAAAAAAAEBxE2gKhnEUUnEVhnEWUnEXaAFoAlgCAAAAYjFxGImIh3EZUnEaKEsDWAEAAAB8cRtOTk5K/////0r/////SwB0cRxiaAhYAQAAAAFxHWgKhnEeUnEfhnEgUnEhaAFoAlgCAAAAZjJxIomIh3EjUnEkKEsDaAZOTk5K/////0r/////SwB0cSViaAhYAgAAAAA+cSZoCoZxJ1JxKIZxKVJxKmgBaAJYAgAAAGM4cSuJiIdxLFJxLShLA2gGTk5OSv////9K/////0sAdHEuYmgIWAkAAAAAAMKAPwAAAEBxL2gKhnEwUnExhnEyUnEzaAFoAlgCAAAAdTFxNImIh3E1UnE2KEsDaBtOTk5K/////0r/////SwB0cTdiaAhYAgAAAMOIcThoCoZxOVJxOoZxO1JxPGUu",
  },
  /** np.arange(4.0), protocol 5 */
  fromBuffer: {
    pickle:
      "gAWVlAAAAAAAAACME251bXB5Ll9jb3JlLm51bWVyaWOUjAtfZnJvbWJ1ZmZlcpSTlCiWIAAAAAAAAAAAAAAAAAAAAAAAAAAAAPA/AAAAAAAAAEAAAAAAAAAIQJSMBW51bXB5lIwFZHR5cGWUk5SMAmY4lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGJLBIWUjAFDlHSUUpQu",
  },
  /** np.array(["a"]) */
  textArray: {
    pickle:
      "gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQBjbnVtcHkKbmRhcnJheQpxAUsAhXECY19jb2RlY3MKZW5jb2RlCnEDWAEAAABicQRYBgAAAGxhdGluMXEFhnEGUnEHh3EIUnEJKEsBSwGFcQpjbnVtcHkKZHR5cGUKcQtYAgAAAFUxcQyJiIdxDVJxDihLA1gBAAAAPHEPTk5OSwRLBEsIdHEQYoloA1gEAAAAYQAAAHERaAWGcRJScRN0cRRiLg==",
  },
  /** [Counter("aab"), defaultdict(list, {"a": [1]}), frozenset([1]), bytearray(b"xy"), b"", 1+2j], protocol 2 */
  containers: {
    pickle:
      "gAJdcQAoY2NvbGxlY3Rpb25zCkNvdW50ZXIKcQF9cQIoWAEAAABhcQNLAlgBAAAAYnEESwF1hXEFUnEGY2NvbGxlY3Rpb25zCmRlZmF1bHRkaWN0CnEHY19fYnVpbHRpbl9fCmxpc3QKcQiFcQlScQpYAQAAAGFxC11xDEsBYXNjX19idWlsdGluX18KZnJvemVuc2V0CnENXXEOSwFhhXEPUnEQY19fYnVpbHRpbl9fCmJ5dGVhcnJheQpxEWNfY29kZWNzCmVuY29kZQpxElgCAAAAeHlxE1gGAAAAbGF0aW4xcRSGcRVScRaFcRdScRhjX19idWlsdGluX18KYnl0ZXMKcRkpUnEaY19fYnVpbHRpbl9fCmNvbXBsZXgKcRtHP/AAAAAAAABHQAAAAAAAAACGcRxScR1lLg==",
  },
  /** [Counter("aab"), frozenset([1, 2]), {3}, bytearray(b"xy"), b"xy", 2**70], protocol 5 */
  containersProtocol5: {
    pickle:
      "gAWVXAAAAAAAAABdlCiMC2NvbGxlY3Rpb25zlIwHQ291bnRlcpSTlH2UKIwBYZRLAowBYpRLAXWFlFKUKEsBSwKRlI+UKEsDkJYCAAAAAAAAAHh5lEMCeHmUigkAAAAAAAAAAEBlLg==",
  },
  /** types.SimpleNamespace(a=1) */
  namespace: { pickle: "gAJjdHlwZXMKU2ltcGxlTmFtZXNwYWNlCnEAKVJxAX1xAlgBAAAAYXEDSwFzYi4=" },
  /** torch.tensor([1+2j, 3-4j]).conj() */
  conjugated: {
    pickle:
      "gAJjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3RlbnNvcl92MgpxACgoWAcAAABzdG9yYWdlcQFjdG9yY2gKQ29tcGxleEZsb2F0U3RvcmFnZQpxAlgBAAAAMHEDWAMAAABjcHVxBEsCdHEFUUsASwKFcQZLAYVxB4ljY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQgpUnEJfXEKWAQAAABjb25qcQuIc3RxDFJxDS4=",
    storages: ["AACAPwAAAEAAAEBAAACAwA=="],
  },
  /** torch.tensor([1+2j]).conj().imag */
  negated: {
    pickle:
      "gAJjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3RlbnNvcl92MgpxACgoWAcAAABzdG9yYWdlcQFjdG9yY2gKRmxvYXRTdG9yYWdlCnECWAEAAAAwcQNYAwAAAGNwdXEESwJ0cQVRSwFLAYVxBksChXEHiWNjb2xsZWN0aW9ucwpPcmRlcmVkRGljdApxCClScQl9cQpYAwAAAG5lZ3ELiHN0cQxScQ0u",
    storages: ["AACAPwAAAEA="],
  },
  /** torch.tensor([1, 2], dtype=torch.uint16) */
  untypedStorage: {
    pickle:
      "gAJjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3RlbnNvcl92MwpxACgoWAcAAABzdG9yYWdlcQFjdG9yY2guc3RvcmFnZQpVbnR5cGVkU3RvcmFnZQpxAlgBAAAAMHEDWAMAAABjcHVxBEsEdHEFUUsASwKFcQZLAYVxB4ljY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQgpUnEJY3RvcmNoCnVpbnQxNgpxCnRxC1JxDC4=",
    storages: ["AQACAA=="],
  },
  /** torch.ones(2).storage() */
  storage: {
    pickle: "gAIoWAcAAABzdG9yYWdlcQBjdG9yY2gKRmxvYXRTdG9yYWdlCnEBWAEAAAAwcQJYAwAAAGNwdXEDSwJ0cQRRLg==",
    storages: ["AACAPwAAgD8="],
  },
  /** torch.eye(2).to_sparse() */
  sparse: {
    pickle:
      "gAJjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3NwYXJzZV90ZW5zb3IKcQBjdG9yY2guc2VyaWFsaXphdGlvbgpfZ2V0X2xheW91dApxAVgQAAAAdG9yY2guc3BhcnNlX2Nvb3EChXEDUnEEKGN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfdGVuc29yX3YyCnEFKChYBwAAAHN0b3JhZ2VxBmN0b3JjaApMb25nU3RvcmFnZQpxB1gBAAAAMHEIWAMAAABjcHVxCUsEdHEKUUsASwJLAoZxC0sCSwGGcQyJY2NvbGxlY3Rpb25zCk9yZGVyZWREaWN0CnENKVJxDnRxD1JxEGgFKChoBmN0b3JjaApGbG9hdFN0b3JhZ2UKcRFYAQAAADFxEmgJSwJ0cRNRSwBLAoVxFEsBhXEViWgNKVJxFnRxF1JxGGN0b3JjaApTaXplCnEZSwJLAoZxGoVxG1JxHIh0cR2GcR5ScR8u",
    storages: ["AAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAA=", "AACAPwAAgD8="],
  },
  /** torch.nn.Buffer(torch.ones(1)) */
  buffer: {
    pickle:
      "gAJjdG9yY2guX3RlbnNvcgpfcmVidWlsZF9mcm9tX3R5cGVfdjIKcQAoY3RvcmNoLl91dGlscwpfcmVidWlsZF90ZW5zb3JfdjIKcQFjdG9yY2gKVGVuc29yCnECKChYBwAAAHN0b3JhZ2VxA2N0b3JjaApGbG9hdFN0b3JhZ2UKcQRYAQAAADBxBVgDAAAAY3B1cQZLAXRxB1FLAEsBhXEISwGFcQmJY2NvbGxlY3Rpb25zCk9yZGVyZWREaWN0CnEKKVJxC3RxDH1xDShYCgAAAHBlcnNpc3RlbnRxDohYCgAAAF9pc19idWZmZXJxD4h1dHEQUnERLg==",
    storages: ["AACAPw=="],
  },
} as const satisfies Readonly<Record<string, PythonPickle>>;
