/* A static chart in SVG: axes, curves, marks.  Colours are those of page.css. */
#ifndef NPUSIM_REPORTS_PLOT_H
#define NPUSIM_REPORTS_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "reports/out.h"

typedef struct {
    FILE *f;                /* not owned */
    double x0, x1, y0, y1;  /* ranges of the axes */
    bool log_x;
} rep_plot;

enum { REP_PLOT_COLOURS = 6 };

/* Opens the chart and draws the grid.  NAME is read to those who cannot see it; X and Y name the
 * axes with their units. */
void rep_plot_open(const rep_plot *p, const char *name, const char *x, const char *y);
void rep_plot_close(const rep_plot *p);

double rep_plot_x(const rep_plot *p, double x); /* place in the drawing */
double rep_plot_y(const rep_plot *p, double y);

/* Widens *LOW..*HIGH by V; starts from NaN. */
void rep_plot_widen(double *low, double *high, double v);

/* A value of an axis in words: no exponent, no needless figures. */
rep_num rep_plot_text(double v);

/* Custom property of curve I, for style="stroke:var(...)"; the dash pattern differs, too. */
const char *rep_plot_colour(size_t i);
const char *rep_plot_dash(size_t i);

/* A curve through N points, thinned out when there are many. */
void rep_plot_curve(const rep_plot *p, const double *x, const double *y, size_t n, size_t colour);

/* The area between two curves over the same X. */
void rep_plot_band(const rep_plot *p, const double *x, const double *low, const double *high,
                   size_t n, size_t colour);

void rep_plot_dot(const rep_plot *p, double x, double y, double r, const char *fill,
                  const char *title);

/* A line across at X or Y with words beside it. */
void rep_plot_mark_x(const rep_plot *p, double x, int row, const char *text);
void rep_plot_mark_y(const rep_plot *p, double y, const char *text);

#endif
