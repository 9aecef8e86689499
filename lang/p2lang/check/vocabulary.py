"""Words of other tools that are no steps or functions of ours: constants, modules, what is written otherwise."""

from __future__ import annotations

from collections.abc import Mapping

FOREIGN_LITERALS: Mapping[str, str] = {
    **dict.fromkeys(("True", "TRUE", "T", "yes", "on"), "true"),
    **dict.fromkeys(("False", "FALSE", "F", "no", "off"), "false"),
    **dict.fromkeys(
        ("None", "NULL", "Null", "NA", "N_A", "nil", "undefined", "missing", "NaN", "nan", "NAN"),
        "null",
    ),
    **dict.fromkeys(("np.nan", "math.nan", "pd.NA", "numpy.nan"), "null"),
}
"""Constant of another tool -> ours, where no column has that name."""

NO_CONSTANTS: Mapping[str, str] = {
    **dict.fromkeys(("inf", "Inf", "Infinity", "np.inf", "math.inf"),
                    "there is no infinity: leave the bound out, or write a large number such as `1e300`"),
    **dict.fromkeys(("pi", "PI", "np.pi", "math.pi"), "write the angle with its unit: `180deg`"),
    "e": "write `exp(1)`",
}  # fmt: skip
"""Constant of another tool -> what to write, where we have none."""

FOREIGN_MODULES = frozenset(
    ("alt", "ax", "axes", "axs", "console", "df", "dplyr", "fig", "gg", "math", "np", "numpy", "os", "pandas", "pd",
     "pl", "plotly", "plt", "px", "pylab", "pyplot", "sns", "so", "sys", "tf", "torch", "vega")
)  # fmt: skip
"""Names that stand before a point in other tools: no library of ours is meant."""

OTHERWISE: Mapping[str, str] = {
    **dict.fromkeys(("iloc", "loc"), "write `filter(condition) | select(column, ...)`"),
    **dict.fromkeys(("describe", "skim"), "write `summary(m = mean(column), s = stddev(column))`"),
    **dict.fromkeys(("anti_join", "semi_join"), "write `filter(column in [...])` with the values"),
    "add_count": "write `derive(n = total(1, by=column))`",
    **dict.fromkeys(("explode", "nest", "unnest", "unite", "separate"), "a cell holds one value: record one row each"),
    **dict.fromkeys(("partition_by", "over"), "write `by=` in the function: `rank(x, by=column)`"),
    **dict.fromkeys(("offset", "skip"), "write `filter(column >= value)` with the column that the rows are ordered by"),
    "pipe": "write the step itself behind the bar: `| head(3)`",
    "coord_flip": "exchange `x` and `y` in the mark",
    **dict.fromkeys(("colorbar", "colourbar"), "leave it out: a fill brings its colour bar"),
    **dict.fromkeys(("hold", "clf", "cla", "close", "gcf", "gca", "despine"),
                    "leave it out: each flow with `frame` draws its own picture"),
    **dict.fromkeys(("pairplot", "jointplot", "pairs"), "draw `point(x=a, y=b)` for each pair, or use `pca`"),
    **dict.fromkeys(("using", "with"), "name the columns in the mark itself: `line(x=step, y=reward)`"),
    "quiver": "draw `line(x=..., y=..., by=...)` with two rows for each arrow",
    "stat_summary": "compute it before `frame`: `summary(by=column, m = mean(column))`",
    "tail": "write `order(desc(column)) | head(n)` with the column that the rows are ordered by",
    "last_rows": "write `order(desc(column)) | head(n)`",
    **dict.fromkeys(
        ("unique", "distinct", "drop_duplicates", "dedup", "uniq"),
        "write `summary(by=[column, ...])`: one row for each combination",
    ),
    **dict.fromkeys(("value_counts", "tally", "count"), "write `summary(by=column, n = count())`"),
    **dict.fromkeys(
        ("pivot", "pivot_table", "pivot_wider", "spread", "unstack", "crosstab"),
        "keep the table long: `summary(by=[a, b], n = count())`, then `heatmap(x=a, y=b, fill=n)` or `colour=b`",
    ),
    **dict.fromkeys(
        ("melt", "pivot_longer", "gather", "stack", "unpivot"),
        "draw one mark for each column: `| line(x=x, y=a) | line(x=x, y=b)`",
    ),
    **dict.fromkeys(
        ("fillna", "fill_null", "replace_na", "ffill"),
        "write `derive(column = fill(column, value))`",
    ),
    **dict.fromkeys(("replace", "recode", "map"), "write `derive(column = if condition then a else b)`"),
    **dict.fromkeys(
        ("ungroup", "reset_index", "set_index", "index", "collect_all", "compute", "as_tibble", "rowwise"),
        "leave it out: a table has no groups and no index",
    ),
    "python": "a step in Python is declared: `script name(rows: table{...}): table{...} = python \"\"\"...\"\"\"`",
    **dict.fromkeys(("iterrows", "apply", "for_each", "foreach", "transmute"), "write `derive(name = expression)`"),
    **dict.fromkeys(("twinx", "twiny", "secondary_y"), "make two flows, one for each axis"),
    **dict.fromkeys(
        ("pie", "donut", "geom_pie"), "draw a `bar`: lengths are compared more easily than angles"
    ),
    **dict.fromkeys(
        ("theme", "theme_bw", "theme_minimal", "theme_classic", "style", "set_style", "set_theme", "rcParams"),
        "leave it out; the size of the picture stands in `frame(size=[160mm, 90mm])`",
    ),
    **dict.fromkeys(("tight_layout", "constrained_layout", "subplots_adjust"), "leave it out: the layout makes itself"),
    **dict.fromkeys(("figsize", "set_size_inches"), "write `frame(size=[160mm, 90mm])`"),
    **dict.fromkeys(
        ("grid", "spines", "ticks", "xticks", "yticks", "tick_params"),
        "leave it out: axes choose their ticks by themselves",
    ),
    **dict.fromkeys(
        ("encode", "aes", "mapping"),
        "name the columns in the mark itself: `line(x=step, y=reward, colour=lr)`",
    ),
    **dict.fromkeys(("mark_line", "add_line", "plot_line"), "write `line(x=..., y=...)`"),
    **dict.fromkeys(("mark_point", "mark_circle", "stripplot", "swarmplot"), "write `point(x=..., y=...)`"),
    **dict.fromkeys(("mark_bar", "countplot", "geom_col"), "write `bar(x=..., y=...)`"),
    **dict.fromkeys(("mark_area", "mark_errorband", "geom_area"), "write `band(x=..., lo=..., hi=...)`"),
    **dict.fromkeys(("violin", "violinplot", "geom_violin"), "write `boxer(x=..., y=...)`, a box plot"),
    **dict.fromkeys(("kde", "kdeplot"), "write `histogram(x=...)`"),
    **dict.fromkeys(("area", "fill_area"), "write `band(x=..., lo=..., hi=...)`"),
    **dict.fromkeys(("contour", "contourf", "surface", "surf", "mesh"), "write `heatmap(x=..., y=..., fill=...)`"),
    "mark_rect": "write `heatmap(x=..., y=..., fill=...)`",
    "geom_text": "write `text(label=...)`",
    "geom_tile": "write `heatmap(x=..., y=..., fill=...)`",
    **dict.fromkeys(("geom_hline", "geom_abline"), "write `rule(y=...)`"),
    "geom_vline": "write `rule(x=...)`",
    "geom_histogram": "write `histogram(x=...)`",
    "geom_density": "write `histogram(x=...)`",
    **dict.fromkeys(("scale_x_log10", "semilogx"), 'write `axis(xscale="log")`'),
    **dict.fromkeys(("scale_y_log10", "semilogy", "logy"), 'write `axis(yscale="log")`'),
    **dict.fromkeys(("scale_color_viridis", "scale_fill_viridis", "colormap"), 'write `gradient("viridis")`'),
    "loglog": 'write `axis(xscale="log", yscale="log")`',
    **dict.fromkeys(("to_excel", "to_sql", "to_pickle"), 'write `export("name.csv")`; `.json` and `.parquet` as well'),
    **dict.fromkeys(("properties", "configure", "interactive", "add_trace", "update_layout"),
                    "leave it out; titles are steps: `| title(\"...\")`, `| axis(x=\"...\", y=\"...\")`"),
}  # fmt: skip
"""Step of another tool -> what to write, where ours has no single step for it."""

METHODS: Mapping[str, str] = {
    "startswith": "starts_with",
    "endswith": "ends_with",
    "includes": "contains",
    "len": "length",
    "tolower": "lower",
    "toupper": "upper",
}
"""Method of a text in another tool -> our function, which takes the column first."""

ARGUMENTS_OTHERWISE: Mapping[str, str] = {
    **dict.fromkeys(
        ("na_rm", "skipna", "dropna", "ignore_nulls"), "leave it out: missing values never count"
    ),
    **dict.fromkeys(
        ("data", "df", "table"), "leave it out: the table comes from the left, `$data | ...`"
    ),
    **dict.fromkeys(
        ("linestyle", "ls", "dash", "dashes", "fmt", "strokeDash", "style"),
        "leave it out: colours tell lines apart",
    ),
    **dict.fromkeys(("ymin", "ymax", "ylimits"), "write `ylim=low..high`"),
    **dict.fromkeys(("xmin", "xmax", "xlimits"), "write `xlim=low..high`"),
    **dict.fromkeys(("log", "logscale", "ylog", "logy", "log_y"), 'write `yscale="log"`'),
    **dict.fromkeys(("xlog", "logx", "log_x"), 'write `xscale="log"`'),
    **dict.fromkeys(
        ("yerr", "xerr", "errorbar", "err"),
        "draw a `band(x=..., lo=..., hi=...)` beside it, or a `boxer`",
    ),
    **dict.fromkeys(("degree", "order"), 'write `model="poly2"`'),
    **dict.fromkeys(("density", "stat", "norm"), "leave it out: rows are counted"),
    **dict.fromkeys(
        ("annot", "annotate"), "put a layer of text over it: `| text(x=..., y=..., label=...)`"
    ),
    **dict.fromkeys(
        ("cmap", "colormap", "colourmap"), 'put a step after it: `| gradient("viridis")`'
    ),
    **dict.fromkeys(("inplace", "ax", "axes", "fig", "copy", "axis", "figure"), "leave it out"),
    **dict.fromkeys(
        ("dpi", "format", "resolution"),
        "leave it out; file formats are chosen when it runs: `-f svg`",
    ),
    **dict.fromkeys(
        ("label", "legend_label"), "leave it out: the legend names the values of `colour=`"
    ),
}
"""Argument of another tool -> what to do, where the step has none that is like it."""

COLOURS = frozenset(
    ("aqua", "black", "blue", "brown", "crimson", "cyan", "darkgrey", "fuchsia", "gold", "gray", "green", "grey",
     "indigo", "lightgrey", "lime", "magenta", "maroon", "navy", "olive", "orange", "pink", "purple", "red", "salmon",
     "silver", "skyblue", "tan", "teal", "tomato", "turquoise", "vermillion", "violet", "white", "yellow")
)  # fmt: skip
"""Words that say that a colour is meant where a column is wanted."""

COLOUR_NAMES = (
    "black", "white", "grey", "gray", "lightgrey", "darkgrey", "red", "blue", "green", "orange", "vermillion",
    "purple", "pink", "yellow", "brown", "skyblue", "navy", "teal", "crimson", "olive",
)  # fmt: skip
"""The colours that are drawn by name."""
